//! Where two JSON values differ, key by key.

use serde_json::Value;

/// One place in which two values differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Keys from the root.
    pub(super) path: Vec<String>,
    /// `None` where the key is not there.
    pub(super) old: Option<Value>,
    /// `None` where the key is not there.
    pub(super) new: Option<Value>,
}

/// Every place in which the values differ, in order of the keys. Objects are compared by key, all else
/// as a whole. Empty only for equal values.
pub(super) fn differences(old: &Value, new: &Value) -> Vec<Place> {
    let mut found = Vec::new();
    descend(&mut Vec::new(), Some(old), Some(new), &mut found);
    found
}

fn descend(
    path: &mut Vec<String>,
    old: Option<&Value>,
    new: Option<&Value>,
    found: &mut Vec<Place>,
) {
    if old == new {
        return;
    }
    // An object against nothing is said key by key, if it has any; against another kind of value as a
    // whole.
    let keyed = match (old, new) {
        (Some(old), Some(new)) => old.is_object() && new.is_object(),
        (one, other) => (one.or(other))
            .and_then(Value::as_object)
            .is_some_and(|map| !map.is_empty()),
    };
    if !keyed {
        found.push(Place {
            path: path.clone(),
            old: old.cloned(),
            new: new.cloned(),
        });
        return;
    }
    let mut keys: Vec<&String> = [old, new]
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(|map| map.keys())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        path.push(key.clone());
        let at = |value: Option<&'_ Value>| value.and_then(|value| value.get(key)).cloned();
        let (old, new) = (at(old), at(new));
        descend(path, old.as_ref(), new.as_ref(), found);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn shown(old: &Value, new: &Value) -> Vec<String> {
        let text = |value: Option<Value>| value.map_or("-".to_owned(), |value| value.to_string());
        differences(old, new)
            .into_iter()
            .map(|place| {
                format!(
                    "{} {} {}",
                    place.path.join("/"),
                    text(place.old),
                    text(place.new)
                )
            })
            .collect()
    }

    #[test]
    fn differences_are_named_by_their_keys() {
        let cases = [
            (json!({"a": 1}), json!({"a": 1}), vec![]),
            (json!({"a": 1}), json!({"a": 2}), vec!["a 1 2"]),
            (json!({"a": 1}), json!({"b": 1}), vec!["a 1 -", "b - 1"]),
            (json!({}), json!({"a": null}), vec!["a - null"]),
            (json!({"x": 0, "a": {}}), json!({"x": 0}), vec!["a {} -"]),
            (
                json!({"x": 0}),
                json!({"x": 0, "a": {"b": {"c": [1]}, "d": 2}}),
                vec!["a/b/c - [1]", "a/d - 2"],
            ),
            (
                json!({"a": [1, 2]}),
                json!({"a": [2, 1]}),
                vec!["a [1,2] [2,1]"],
            ),
            (
                json!({"a": {"b": 1}}),
                json!({"a": "b"}),
                vec![r#"a {"b":1} "b""#],
            ),
        ];
        for (old, new, expected) in cases {
            assert_eq!(shown(&old, &new), expected);
        }
    }

    /// Small values, so that equal keys meet.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3).prop_map(Value::from),
            "[ab]?".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[abc]", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_is_found_in_equal_values_alone(old in value(), new in value()) {
            let found = differences(&old, &new);
            prop_assert_eq!(found.is_empty(), old == new);
            prop_assert!(found.iter().all(|place| place.old != place.new));
            prop_assert!(differences(&old, &old).is_empty());
        }
    }
}
