//! Chip-card protocols and evidence checks, sans I/O.
