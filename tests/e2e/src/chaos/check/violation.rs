//! What no history of ZooKeeper may show.

use thiserror::Error;

use crate::chaos::history::{OperationId, Stat, Zxid};

/// A broken promise, by the operations that show it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Violation {
    /// The record itself cannot be right.
    #[error("{id} is in the record twice, or before an earlier operation of its client has ended")]
    Disorder {
        /// The later one.
        id: OperationId,
    },
    /// A server refused what it has no reason to refuse.
    #[error("{id} on {path} was refused with {error}")]
    Refusal {
        /// The operation.
        id: OperationId,
        /// The node.
        path: String,
        /// What the server said.
        error: String,
    },
    /// A conditional write was refused though the condition held.
    #[error("{id} on {path} was refused although the node had version {version}, as it expected")]
    ConditionHeld {
        /// The write.
        id: OperationId,
        /// The node.
        path: String,
        /// The version.
        version: i32,
    },

    /// A value from nowhere.
    #[error("{id} read `{value}` in {path}, which nobody wrote there")]
    Invented {
        /// The reader.
        id: OperationId,
        /// The node.
        path: String,
        /// The value.
        value: String,
    },
    /// A value of a write that had been refused.
    #[error("{id} read the value of {writer} in {path}, which had been refused")]
    RefusedButThere {
        /// The reader.
        id: OperationId,
        /// The write.
        writer: OperationId,
        /// The node.
        path: String,
    },
    /// A value of a write that nobody had asked for yet.
    #[error("{id} read the value of {writer} in {path} before that was asked for")]
    BeforeItWasAsked {
        /// The reader.
        id: OperationId,
        /// The write.
        writer: OperationId,
        /// The node.
        path: String,
    },
    /// One write in two places of the order, or not in that which it was promised.
    #[error("{id} found {writer} in {path} as {found:?}, and it was {placed:?}")]
    Moved {
        /// Who found it.
        id: OperationId,
        /// The write.
        writer: OperationId,
        /// Where it was before.
        placed: Placed,
        /// The node.
        path: String,
        /// What the server keeps about it now.
        found: Stat,
    },
    /// Two values of one transaction.
    #[error("{id} found the value of {one} in {path} at {zxid}, where {other} was")]
    Contradiction {
        /// Who found it.
        id: OperationId,
        /// The node.
        path: String,
        /// The transaction.
        zxid: Zxid,
        /// The write that was found.
        one: OperationId,
        /// The write that was there.
        other: OperationId,
    },
    /// A node that was made twice, though its name is given once.
    #[error("{id} found {path} made by {found}, and it was made by {made}")]
    MadeTwice {
        /// Who found it.
        id: OperationId,
        /// The node.
        path: String,
        /// The transaction that made it.
        made: Zxid,
        /// The one that is said to have made it now.
        found: Zxid,
    },
    /// A version that does not follow from what the write asked for.
    #[error("{writer} gave {path} version {found}, which cannot be: it {expected}")]
    WrongVersion {
        /// The write.
        writer: OperationId,
        /// The node.
        path: String,
        /// What it asked for.
        expected: Expected,
        /// The version.
        found: i32,
    },
    /// Versions that do not grow with the transactions.
    #[error("{path} has version {version} at {zxid}, and had {before} before")]
    VersionsOutOfOrder {
        /// The node.
        path: String,
        /// The version before.
        before: i32,
        /// The next one.
        version: i32,
        /// Its transaction.
        zxid: Zxid,
    },
    /// A version that no write can have made.
    #[error("{path} goes to version {version} at {zxid}, {missing} more than all writes come to")]
    VersionGap {
        /// The node.
        path: String,
        /// The version after the gap.
        version: i32,
        /// Its transaction.
        zxid: Zxid,
        /// How many versions nobody made.
        missing: usize,
    },
    /// Numbers of sequential nodes that do not grow with the transactions, or were given twice.
    #[error("{path} was made at {zxid}, after a node with number {before}")]
    NumbersOutOfOrder {
        /// The node.
        path: String,
        /// The number before.
        before: u32,
        /// Its transaction.
        zxid: Zxid,
    },
    /// A number of a sequential node that no create can have taken.
    #[error("{path} was made at {zxid}, {missing} more than all creates come to")]
    NumberGap {
        /// The node after the gap.
        path: String,
        /// Its transaction.
        zxid: Zxid,
        /// How many numbers nobody took.
        missing: usize,
    },

    /// An answer that is older than what is in it.
    #[error("the answer to {id} is of {reply}, and speaks of {content}")]
    ReplyBehindContent {
        /// The operation.
        id: OperationId,
        /// The transaction of the answer.
        reply: Zxid,
        /// The transaction in it.
        content: Zxid,
    },
    /// A client was sent back in time.
    #[error("{later} was answered at {after}, after {earlier} at {before}")]
    WentBack {
        /// The earlier operation of the client.
        earlier: OperationId,
        /// Its answer.
        before: Zxid,
        /// The later operation of the client.
        later: OperationId,
        /// Its answer.
        after: Zxid,
    },
    /// A write was put before something that had ended before it was asked for.
    #[error(
        "{writer} is transaction {zxid}, though it was asked for after {earlier} ended at {known}"
    )]
    WrittenIntoThePast {
        /// The write.
        writer: OperationId,
        /// Its transaction.
        zxid: Zxid,
        /// What had ended.
        earlier: OperationId,
        /// The transaction that it had heard of.
        known: Zxid,
    },
    /// A read after a sync missed what had been promised before the sync.
    #[error(
        "{reader} read at {at}, after {sync}, a sync that began when {writer} was done at {zxid}"
    )]
    StaleAfterSync {
        /// The sync.
        sync: OperationId,
        /// The read.
        reader: OperationId,
        /// The state it saw.
        at: Zxid,
        /// The write.
        writer: OperationId,
        /// Its transaction.
        zxid: Zxid,
    },
    /// A read is not the state of the server at its own transaction.
    #[error("{reader} read transaction {read} in {path} at {at}, where {newer} was the newest")]
    NotTheState {
        /// The read.
        reader: OperationId,
        /// The node.
        path: String,
        /// The transaction that it read.
        read: Zxid,
        /// The state it saw.
        at: Zxid,
        /// The newest of that state.
        newer: Zxid,
    },
    /// A node that was there is gone, and nobody took it away.
    #[error("{reader} did not find {path} at {at}, which was there since {since}")]
    Lost {
        /// Who missed it.
        reader: OperationId,
        /// The node.
        path: String,
        /// Since when it was there.
        since: Zxid,
        /// The state that was seen.
        at: Zxid,
    },
    /// A node that was taken away is there.
    #[error("{reader} found {path} at {at}, which was gone at {gone}")]
    CameBack {
        /// Who found it.
        reader: OperationId,
        /// The node.
        path: String,
        /// Since when it was gone.
        gone: Zxid,
        /// The state that was seen.
        at: Zxid,
    },
    /// A node that is not yet made is there.
    #[error("{reader} found {path} at {at}, which was made by {made}")]
    NotYetMade {
        /// Who found it.
        reader: OperationId,
        /// The node.
        path: String,
        /// The transaction that made it.
        made: Zxid,
        /// The state that was seen.
        at: Zxid,
    },

    /// Nobody looked, so nothing is shown.
    #[error("nobody read {path} on {server} at the end")]
    NotAudited {
        /// The server.
        server: String,
        /// The node.
        path: String,
    },
}

/// A place in the order of transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The node.
    pub path: String,
    /// What the server keeps about it.
    pub stat: Stat,
}

/// What a write says about the version that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Expected {
    /// It makes the node.
    #[error("makes the node")]
    Creates,
    /// It replaces any value.
    #[error("replaces a value")]
    Replaces,
    /// It replaces the value of one version.
    #[error("replaces version {0}")]
    ReplacesVersion(i32),
}
