//! Canonical JSON: keys in order of their bytes, no blanks. Every document that has a digest goes
//! through here, since some of its types keep labels and annotations in maps of random order.

use serde::Serialize;

/// Bytes that are the same for equal values, on every host and in every run.
pub fn canonical(value: &impl Serialize) -> Vec<u8> {
    // Through `Value`, whose map is ordered; a test watches that no crate switches that off.
    let ordered =
        serde_json::to_value(value).expect("a document of strings, numbers and lists is JSON");
    serde_json::to_vec(&ordered).expect("a JSON value is JSON")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn keys_are_in_order_whatever_the_map() {
        let labels: HashMap<String, u8> = (0..64)
            .map(|number| (format!("label-{number:02}"), number))
            .collect();
        let text = String::from_utf8(canonical(&labels)).unwrap();
        let positions: Vec<usize> = (0..64)
            .map(|number| text.find(&format!("label-{number:02}")).unwrap())
            .collect();
        assert!(positions.is_sorted());
    }
}
