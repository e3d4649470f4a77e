//! The own entry of `ZOO_SERVERS` against everything else that was said: its number, its ports, the release.

use std::collections::BTreeMap;

use super::PlanError;
use super::number::OwnNumber;
use crate::config;
use crate::release::{Installed, Release};
use crate::servers::Server;
use crate::variables::Values;
use crate::variables::ids::{
    ADMIN_SERVER_PORT_NUMBER, ADMINSERVER_ENABLED, PORT_NUMBER, PROMETHEUS_METRICS_PORT_NUMBER,
    SERVERS, TLS_CLIENT_ENABLE, TLS_PORT_NUMBER,
};

/// The first release that knows several addresses of one server.
pub(super) const SEVERAL_ADDRESSES: Release = Release::new(3, 6, 0);

/// Adds what is wrong to `errors`.
pub(super) fn check(
    values: &Values,
    installed: Installed,
    number: &OwnNumber,
    errors: &mut Vec<PlanError>,
) {
    let servers = values.servers(SERVERS);
    if installed.release < SEVERAL_ADDRESSES && config::has_several_addresses(servers) {
        errors.push(PlanError::SeveralAddresses(installed.release));
    }
    let Some(id) = number.in_force() else { return };
    match servers.get(id) {
        Some(own) => check_ports(values, installed, own, errors),
        None => errors.push(PlanError::NotListed {
            id,
            by: number.by().to_owned(),
            servers: servers.to_string(),
        }),
    }
}

fn check_ports(values: &Values, installed: Installed, own: &Server, errors: &mut Vec<PlanError>) {
    let asked_for = values.port(PORT_NUMBER);
    if let Some(listed) = own
        .client
        .as_ref()
        .map(|client| client.port)
        .filter(|port| *port != asked_for)
    {
        errors.push(PlanError::ClientPort { listed, asked_for });
    }
    let mut ports = vec![("ZOO_PORT_NUMBER", asked_for)];
    if values.boolean(ADMINSERVER_ENABLED) {
        ports.push((
            "ZOO_ADMIN_SERVER_PORT_NUMBER",
            values.port(ADMIN_SERVER_PORT_NUMBER),
        ));
    }
    if config::has_metrics(values, installed) {
        ports.push((
            "ZOO_PROMETHEUS_METRICS_PORT_NUMBER",
            values.port(PROMETHEUS_METRICS_PORT_NUMBER),
        ));
    }
    if values.boolean(TLS_CLIENT_ENABLE) {
        ports.push(("ZOO_TLS_PORT_NUMBER", values.port(TLS_PORT_NUMBER)));
    }
    if !config::is_standalone(values) {
        for address in &own.addresses {
            ports.push(("the quorum port of this server", address.quorum));
            ports.push(("the election port of this server", address.election));
        }
    }
    let mut taken = BTreeMap::new();
    for (second, port) in ports {
        // Several addresses of one server may well have the same ports.
        if let Some(first) = taken.insert(port, second).filter(|first| *first != second) {
            errors.push(PlanError::PortClash {
                port,
                first,
                second,
            });
        }
    }
}
