//! The `Condition` element (IAM user guide, *IAM JSON policy elements: Condition operators*).

mod evaluate;
mod operator;
mod value;

pub use evaluate::evaluate;
pub use operator::{BaseOperator, Operator, Quantifier};
pub use value::PolicyValue;

use super::json::Json;

/// One operator applied to one key: one line of a `Condition` element.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The operator.
    pub operator: Operator,
    /// The key as it is written.
    pub key: String,
    /// The key in lower case: keys are case-insensitive.
    pub lower_case_key: String,
    /// The values to compare with, which may be none.
    pub values: Vec<PolicyValue>,
}

/// A `Condition` element: all of its conditions must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConditionBlock {
    /// Those that are understood.
    pub conditions: Vec<Condition>,
    /// Why a part of the element is not understood; then the element never certainly holds.
    pub defect: Option<String>,
}

impl ConditionBlock {
    /// Reads the element. `variables` says whether the document's version has policy variables.
    ///
    /// # Errors
    /// A clause that says why AWS would not accept the element. What AWS might accept without documenting what it
    /// means (an unknown operator, a repeated key, a value of another type) is a defect instead.
    pub fn from_json(json: &Json, variables: bool) -> Result<Self, String> {
        let operators =
            json.members().ok_or_else(|| format!("Condition must be an object, not {}", json.kind()))?;
        let mut block = Self::default();
        if let Some(key) = json.repeated_key() {
            block.flaw(format!("Condition has `{key}` more than once"));
        }
        for (name, keys) in operators {
            let keys_and_values = keys
                .members()
                .ok_or_else(|| format!("Condition `{name}` must be an object, not {}", keys.kind()))?;
            let Some(operator) = Operator::parse(name) else {
                block.flaw(format!("the condition operator `{name}` is not known"));
                continue;
            };
            block.add(operator, keys_and_values, variables)?;
        }
        if json.repeated_key().is_some() {
            block.conditions.clear();
        }
        Ok(block)
    }

    fn add(&mut self, operator: Operator, members: &[(String, Json)], variables: bool) -> Result<(), String> {
        for (key, values) in members {
            let lower_case_key = key.to_ascii_lowercase();
            let twice =
                self.conditions.iter().any(|c| c.operator == operator && c.lower_case_key == lower_case_key);
            if twice {
                // Which of the two AWS would take is not documented, so neither decides.
                self.conditions.retain(|c| c.operator != operator || c.lower_case_key != lower_case_key);
                self.flaw(format!("`{operator}` has `{key}` more than once"));
                continue;
            }
            let mut compiled = Vec::new();
            let mut understood = true;
            for value in values.one_or_many() {
                let text = value
                    .scalar()
                    .ok_or_else(|| format!("`{operator}` `{key}` has {} as a value", value.kind()))?;
                match PolicyValue::parse(&text, operator.base, variables) {
                    Ok(value) => compiled.push(value),
                    Err(why) => {
                        self.flaw(why);
                        understood = false;
                    }
                }
            }
            if !understood {
                // The value that is not understood might be the one that matches: the others decide nothing.
                continue;
            }
            self.conditions.push(Condition { operator, key: key.clone(), lower_case_key, values: compiled });
        }
        Ok(())
    }

    fn flaw(&mut self, why: String) {
        self.defect.get_or_insert(why);
    }

    /// The condition keys, in lower case, that the outcome can depend on, those of variables included.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().flat_map(|condition| {
            std::iter::once(condition.lower_case_key.as_str())
                .chain(condition.values.iter().flat_map(PolicyValue::variables))
        })
    }
}
