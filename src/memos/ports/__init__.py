"""The ports: small Protocols between the kernel and what it stands on."""
