//! How many different texts there are in a group, exactly and in little memory.
//!
//! The engine's own `COUNT(DISTINCT …)` groups by the texts: each then carries the texts of all other columns of its group,
//! which takes more than a gigabyte for the object keys of ten million reads. Here a text is known by 128 bits of its
//! SHA-256, that is by 17 bytes of a set.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use datafusion::sql::sqlparser::ast;
use sha2::{Digest as _, Sha256};

/// The name of the function.
const NAME: &str = "count_different";
/// The bytes by which a text is known.
const ID: usize = 16;

/// The function.
pub(super) fn function() -> AggregateUDF {
    AggregateUDF::new_from_impl(CountDifferent { signature: Signature::any(1, Volatility::Immutable) })
}

/// Puts the function in the place of `COUNT(DISTINCT …)`.
pub(super) fn put_in(expression: &mut ast::Expr) {
    if let ast::Expr::Function(function) = expression
        && let ast::FunctionArguments::List(list) = &mut function.args
        && list.duplicate_treatment == Some(ast::DuplicateTreatment::Distinct)
        && function.name.to_string().eq_ignore_ascii_case("count")
    {
        list.duplicate_treatment = None;
        function.name = ast::ObjectName::from(vec![ast::Ident::new(NAME)]);
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CountDifferent {
    signature: Signature,
}

impl AggregateUDFImpl for CountDifferent {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::<Different>::default())
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[{NAME}]", args.name), DataType::Binary, true))])
    }

    /// Nothing is counted where there is nothing, as `COUNT` does.
    fn is_nullable(&self) -> bool {
        false
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(0)))
    }
}

/// The texts of a group.
#[derive(Debug, Default)]
struct Different(HashSet<u128>);

impl Accumulator for Different {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(values) = values.first() else { return exec_err!("{NAME} takes one argument") };
        let texts = cast(values, &DataType::Utf8)?;
        for text in texts.as_string::<i32>().iter().flatten() {
            let digest = Sha256::digest(text.as_bytes());
            let id = digest.first_chunk::<ID>().copied().unwrap_or_default();
            self.0.insert(u128::from_be_bytes(id));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(i64::try_from(self.0.len()).ok()))
    }

    fn size(&self) -> usize {
        // An id and a control byte for each place, of which seven of eight are filled at most.
        size_of_val(self) + self.0.capacity() * (ID + 1) * 8 / 7
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let ids: Vec<u8> = self.0.iter().flat_map(|id| id.to_be_bytes()).collect();
        Ok(vec![ScalarValue::Binary(Some(ids))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first() else { return exec_err!("{NAME} has one state") };
        for state in states.as_binary::<i32>().iter().flatten() {
            let (ids, _) = state.as_chunks::<ID>();
            self.0.extend(ids.iter().map(|id| u128::from_be_bytes(*id)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use datafusion::arrow::array::StringArray;

    use super::*;

    fn of(texts: &[Option<&str>]) -> Different {
        let mut different = Different::default();
        different.update_batch(&[Arc::new(StringArray::from(texts.to_vec()))]).unwrap();
        different
    }

    fn count(different: &mut Different) -> ScalarValue {
        different.evaluate().unwrap()
    }

    #[test]
    fn each_text_counts_once_and_nothing_does_not_count() {
        let mut different = of(&[Some("a"), None, Some("b"), Some("a"), Some("")]);
        assert_eq!(count(&mut different), ScalarValue::Int64(Some(3)));
        assert_eq!(count(&mut of(&[])), ScalarValue::Int64(Some(0)));
        assert!(different.size() > of(&[]).size());
    }

    #[test]
    fn what_parts_saw_together_is_counted_once() {
        let mut whole = of(&[Some("a"), Some("b")]);
        let state = of(&[Some("b"), Some("c")]).state().unwrap();
        whole.merge_batch(&[state.first().unwrap().to_array().unwrap()]).unwrap();
        assert_eq!(count(&mut whole), ScalarValue::Int64(Some(3)));
    }
}
