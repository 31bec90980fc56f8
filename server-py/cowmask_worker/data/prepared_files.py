"""What a prepared dataset's folder holds. Imports nothing, so the control process may know it, too."""

IMAGES = "images.safetensors"
MANIFEST = "manifest.json"
