"""The study of what AUTO does with hints, streams, batching and properties for single devices: by cases, without timing."""
