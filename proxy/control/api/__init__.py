"""The resources of the control plane, one file each; `app.ROUTES` lists them."""
