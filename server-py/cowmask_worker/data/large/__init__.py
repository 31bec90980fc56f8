"""Images too large to live on the device: decoded, cropped and resized on the host while the device trains."""
