//! Packets put together to certificates, and what is not believed thereby.
//!
//! A signature belongs to the part before it, and is kept if the primary key has made it: what others
//! have signed, or forged, is left out at once and cannot crowd out the rest.

use pgp::packet::{Packet, PublicKey, Signature};
use pgp::types::KeyDetails as _;

use crate::about::About;
use crate::certificate::{Certificate, CertificateError, Name, Own, Part, place};
use crate::fingerprint::{Fingerprint, Issuer};
use crate::outline::may_revoke;
use crate::packets::{
    Frame, FrameError, PUBLIC_KEY, PUBLIC_SUBKEY, SECRET_KEY, SIGNATURE, USER_ATTRIBUTE, USER_ID,
};
use crate::policy;
use crate::statement::{issuer, version4};

/// Puts packets together to certificates.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    open: Option<Open>,
    /// Whole certificates, and those that are refused, in their order.
    pub(crate) finished: Vec<Result<Certificate, Refused>>,
    /// What could not be read, for people.
    pub(crate) complaints: Vec<String>,
}

/// No copy of this certificate can be believed, since nobody knows what it lacks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused {
    /// The fingerprint of the primary key.
    pub(crate) fingerprint: Fingerprint,
    /// Why.
    pub(crate) error: CertificateError,
}

/// A certificate that has not ended.
#[derive(Debug)]
struct Open {
    certificate: Certificate,
    /// To what the next signature belongs.
    place: Place,
    /// How many signatures in the key's name were tried.
    tried: usize,
    /// How many could not be read, none of them a revocation by the key.
    unreadable: usize,
    error: Option<CertificateError>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// After a part that could not be read.
    Nowhere,
    Primary,
    Name(usize),
    Subkey(usize),
}

impl Assembly {
    /// Takes the next packet.
    pub(crate) fn take(&mut self, frame: Frame<'_>) {
        match frame.tag {
            PUBLIC_KEY | SECRET_KEY => self.begin(frame),
            USER_ID | USER_ATTRIBUTE | PUBLIC_SUBKEY => self.add(frame),
            SIGNATURE => {
                if let Some(open) = &mut self.open {
                    open.sign(frame);
                }
            }
            // Marks of trust, padding, what is to come: no part of a certificate.
            _ => {}
        }
    }

    /// Takes note that what follows cannot be found.
    pub(crate) fn break_off(&mut self, error: FrameError) {
        match &mut self.open {
            Some(open) => {
                open.refuse(CertificateError::NoEnd(open.certificate.fingerprint, error));
            }
            None => self.complaints.push(error.to_string()),
        }
    }

    /// Ends the last certificate.
    pub(crate) fn finish(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        let fingerprint = open.certificate.fingerprint;
        if open.unreadable > 0 {
            (self.complaints).push(format!(
                "{} signatures of key {fingerprint} cannot be read",
                open.unreadable
            ));
        }
        let checked = match open.error {
            Some(error) => Err(error),
            None => open.certificate.check_size(),
        };
        (self.finished).push(match checked {
            Ok(()) => Ok(open.certificate),
            Err(error) => Err(Refused { fingerprint, error }),
        });
    }

    fn begin(&mut self, frame: Frame<'_>) {
        self.finish();
        let complaint = match frame.read() {
            Ok(Packet::PublicKey(key)) => match version4(&key.fingerprint()) {
                Some(fingerprint) => {
                    let identity = fingerprint.as_bytes().to_vec();
                    self.open = Some(Open::new(Certificate {
                        fingerprint,
                        primary: Part::new(key, identity, frame),
                        names: Vec::new(),
                        subkeys: Vec::new(),
                    }));
                    return;
                }
                None => "a key is not of version 4".to_owned(),
            },
            Ok(_) => "a key is a private one".to_owned(),
            Err(error) => format!("a key cannot be read: {error}"),
        };
        self.complaints.push(complaint);
    }

    fn add(&mut self, frame: Frame<'_>) {
        let Some(open) = &mut self.open else {
            return;
        };
        let certificate = &mut open.certificate;
        let name = |name| {
            let identity = [&[frame.tag], frame.body].concat();
            Part::new(name, identity, frame)
        };
        open.place = match frame.read() {
            Ok(Packet::UserId(user)) => {
                Place::Name(place(&mut certificate.names, name(Name::UserId(user))))
            }
            Ok(Packet::UserAttribute(attribute)) => {
                let name = name(Name::UserAttribute(attribute));
                Place::Name(place(&mut certificate.names, name))
            }
            Ok(Packet::PublicSubkey(subkey)) => match version4(&subkey.fingerprint()) {
                Some(fingerprint) => {
                    let identity = fingerprint.as_bytes().to_vec();
                    let subkey = Part::new(subkey, identity, frame);
                    Place::Subkey(place(&mut certificate.subkeys, subkey))
                }
                None => Place::Nowhere,
            },
            Ok(_) => Place::Nowhere,
            Err(error) => {
                let fingerprint = certificate.fingerprint;
                (self.complaints).push(format!(
                    "a part of key {fingerprint} cannot be read: {error}"
                ));
                Place::Nowhere
            }
        };
    }
}

impl Open {
    fn new(certificate: Certificate) -> Self {
        Self {
            certificate,
            place: Place::Primary,
            tried: 0,
            unreadable: 0,
            error: None,
        }
    }

    /// The first reason stays.
    fn refuse(&mut self, error: CertificateError) {
        self.error.get_or_insert(error);
    }

    fn sign(&mut self, frame: Frame<'_>) {
        let fingerprint = self.certificate.fingerprint;
        match frame.read() {
            Ok(Packet::Signature(signature)) if signature.config().is_some() => {
                let issuer = issuer(&signature);
                if issuer == Issuer::Nobody || issuer.may_be(&fingerprint) {
                    self.try_own(signature, frame);
                }
            }
            _ if may_revoke(frame.body, &fingerprint) => {
                self.refuse(CertificateError::UnreadableRevocation(fingerprint));
            }
            _ => self.unreadable += 1,
        }
    }

    /// Keeps a signature in the name of the key, if the key has made it.
    fn try_own(&mut self, signature: Signature, frame: Frame<'_>) {
        if self.tried == policy::PROOFS {
            let fingerprint = self.certificate.fingerprint;
            self.refuse(CertificateError::TooManySignatures(fingerprint));
            return;
        }
        let key = self.certificate.primary.content.clone();
        let Certificate {
            primary,
            names,
            subkeys,
            ..
        } = &mut self.certificate;
        let own = Own::new(signature, frame);
        let tried = match self.place {
            // Some tools write revocations of the key at the end.
            _ if About::Key.is_of(&own.signature) => offer(primary, own, &key, |_| About::Key),
            Place::Name(index) => offer(&mut names[index], own, &key, |it| About::Name(it)),
            Place::Subkey(index) => offer(&mut subkeys[index], own, &key, |it| About::Subkey(it)),
            Place::Nowhere | Place::Primary => false,
        };
        self.tried += usize::from(tried);
    }
}

/// Gives a part a signature that the key has made of it; whether that had to be tried.
fn offer<T>(
    part: &mut Part<T>,
    own: Own,
    key: &PublicKey,
    about: impl for<'a> Fn(&'a T) -> About<'a>,
) -> bool {
    let about = about(&part.content);
    if !about.is_of(&own.signature) || part.has(&own) {
        return false;
    }
    if about.is_proven(&own.signature, key) {
        part.sign(own);
    }
    true
}
