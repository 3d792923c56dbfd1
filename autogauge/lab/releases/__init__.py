"""OpenVINO releases side by side: how one is named, what of them is compared, and how that is measured and kept."""
