"""What AUTO's documentation promises, and what releases were seen to do: data, and the reading of it. Nothing here measures or draws."""
