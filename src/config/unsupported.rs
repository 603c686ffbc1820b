//! What the configuration will be able to say. It is checked like the rest and refused, so that nobody relies on
//! something that does not happen yet.

use super::fields::{Field, Section};

/// Checks and refuses what the whole file may say in a later version.
pub(super) fn of_file(root: &Section<'_>) {
    for key in ["proxy", "proxy_file", "watchdog"] {
        if let Some(field) = root.get(key) {
            refuse(&field);
        }
    }
}

fn refuse(field: &Field<'_>) {
    field.fail("not supported by this version; remove it");
}
