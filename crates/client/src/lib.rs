//! The device without a window: controller, vault, loopback proxy.
