//! From facts to what a module sees: three values become two, and unknown facts are tried both ways.

use serde_json::Value as Json;

use super::schema::Step;

/// A fact of one resource: where it is and what holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactNode {
    /// JSON pointer into the facts.
    pub pointer: String,
    /// Whether it is unknown.
    pub unknown: bool,
}

/// The facts at a path of the schema, as they are in one resource, in the order of their lists.
#[must_use]
pub fn fact_nodes(facts: &Json, path: &[Step]) -> Vec<FactNode> {
    let mut found = Vec::new();
    collect(facts, path, &mut String::new(), &mut found);
    found
}

fn collect(node: &Json, path: &[Step], pointer: &mut String, found: &mut Vec<FactNode>) {
    let length = pointer.len();
    match path.split_first() {
        None => {
            let unknown = node.get("holds").and_then(Json::as_str) == Some("unknown");
            found.push(FactNode { pointer: pointer.clone(), unknown });
        }
        Some((Step::Field(name), rest)) => {
            if let Some(field) = node.get(name) {
                pointer.push('/');
                // Field names of ours need no escape of JSON Pointer.
                pointer.push_str(name);
                collect(field, rest, pointer, found);
            }
        }
        Some((Step::Each, rest)) => {
            for (index, entry) in node.as_array().into_iter().flatten().enumerate() {
                pointer.truncate(length);
                pointer.push('/');
                pointer.push_str(&index.to_string());
                collect(entry, rest, pointer, found);
            }
        }
    }
    pointer.truncate(length);
}

/// What the module sees: each fact as `{"holds": bool, "reason": text}`, an unknown one as false.
#[must_use]
pub fn project(facts: &Json) -> Json {
    match facts {
        Json::Object(fields) => match fact(facts) {
            Some(fact) => fact,
            None => fields.iter().map(|(name, value)| (name.clone(), project(value))).collect(),
        },
        Json::Array(entries) => entries.iter().map(project).collect(),
        plain => plain.clone(),
    }
}

fn fact(node: &Json) -> Option<Json> {
    let holds = match node.get("holds")?.as_str()? {
        "yes" => true,
        "no" | "unknown" => false,
        _ => return None,
    };
    let reason = node.get("reason")?.clone();
    Some(serde_json::json!({"holds": holds, "reason": reason}))
}

/// Sets what an unknown fact is taken to be.
pub fn assume(projected: &mut Json, pointer: &str, holds: bool) {
    if let Some(Json::Object(fact)) = projected.pointer_mut(pointer) {
        fact.insert("holds".to_owned(), Json::Bool(holds));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fact(holds: &str) -> Json {
        json!({"holds": holds, "reason": "why", "evidence": [1]})
    }

    #[test]
    fn a_module_sees_two_values_and_the_reason() {
        let facts = json!({"name": "b", "logged": fact("yes"), "list": [{"granted": fact("no")}]});
        let seen = json!({
            "name": "b",
            "logged": {"holds": true, "reason": "why"},
            "list": [{"granted": {"holds": false, "reason": "why"}}],
        });
        assert_eq!(project(&facts), seen);
    }

    #[test]
    fn facts_in_lists_are_found_one_by_one() {
        let facts = json!({"list": [{"granted": fact("no")}, {"granted": fact("unknown")}]});
        let path = [Step::Field("list".into()), Step::Each, Step::Field("granted".into())];
        let nodes = fact_nodes(&facts, &path);
        let found: Vec<(&str, bool)> = nodes.iter().map(|n| (n.pointer.as_str(), n.unknown)).collect();
        assert_eq!(found, [("/list/0/granted", false), ("/list/1/granted", true)]);
        assert!(fact_nodes(&json!({"list": []}), &path).is_empty());
    }

    #[test]
    fn an_assumption_changes_one_fact() {
        let mut seen = project(&json!({"a": fact("unknown"), "b": fact("unknown")}));
        assume(&mut seen, "/a", true);
        assert_eq!(seen["a"]["holds"], true);
        assert_eq!(seen["b"]["holds"], false);
    }
}
