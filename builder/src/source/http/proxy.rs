//! Ways to single origins that differ from what the environment says.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use reqwest::blocking::Client;
use url::Url;

/// How an origin is reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// Without a proxy.
    Direct,
    /// By this proxy, whose address may carry a user and a password.
    Through(Url),
}

/// Clients by origin; a route has one client, however many origins go by it.
#[derive(Debug, Default)]
pub(super) struct Routes(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    clients: BTreeMap<Route, Client>,
    by_origin: BTreeMap<String, Route>,
}

impl Routes {
    pub(super) fn set<E>(
        &self,
        origin: String,
        route: &Route,
        new: impl FnOnce() -> Result<Client, E>,
    ) -> Result<(), E> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.clients.contains_key(route) {
            let client = new()?;
            known.clients.insert(route.clone(), client);
        }
        known.by_origin.insert(origin, route.clone());
        Ok(())
    }

    pub(super) fn client(&self, origin: &str) -> Option<Client> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let route = known.by_origin.get(origin)?;
        known.clients.get(route).cloned()
    }
}
