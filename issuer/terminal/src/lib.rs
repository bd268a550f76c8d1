//! The kiosk agent: card reader and camera to signed evidence.
