//! What a client of the encrypted port needs.

use super::Line;
use crate::tls::CLIENTS;
use crate::variables::Values;

/// The arguments. Without stores of the image's variables, those that `CLIENT_JVMFLAGS` names are used.
pub(super) fn arguments(values: &Values) -> Line {
    let mut line = Line::default();
    line.property("zookeeper.client.secure", "true");
    line.property(
        "zookeeper.clientCnxnSocket",
        "org.apache.zookeeper.ClientCnxnSocketNetty",
    );
    if CLIENTS.is_asked_for(values) {
        for store in CLIENTS.stores() {
            if let Some(path) = values.optional_path(store.file) {
                line.property(&format!("zookeeper.{}", store.location()), path);
            }
        }
    }
    line
}
