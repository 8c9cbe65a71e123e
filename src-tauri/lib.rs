//! The app's skin.
