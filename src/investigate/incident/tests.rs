use super::report::masked;
use super::*;

#[test]
fn keys_are_masked() {
    assert_eq!(masked("AKIAIOSFODNN7EXAMPLE"), "AKIA…MPLE");
    assert_eq!(masked("short"), "…");
    assert_eq!(masked(""), "");
    assert_eq!(masked("ééééééééééééé"), "éééé…éééé");
}

#[test]
fn the_id_depends_on_the_question_alone() {
    let question = |buckets: &[&str]| Question {
        buckets: buckets.iter().map(|&bucket| bucket.to_owned()).collect(),
        ..Question::default()
    };
    assert_eq!(incident_id(&question(&["a", "b"])), incident_id(&question(&["b", "a"])));
    assert_ne!(incident_id(&question(&["a"])), incident_id(&question(&["b"])));
}

#[test]
fn without_any_record_nothing_is_concluded() {
    let material = Material {
        question: &Question { access_keys: vec!["ASIAABCDEFGHIEXAMPLE".to_owned()], ..Question::default() },
        gathered: &Gathered::default(),
        other_detections: &[],
        sensitive: None,
        audit: None,
        titles: &BTreeMap::new(),
        limitations: &[],
        analyst: None,
        classification: "c",
        generated_at: Timestamp::UNIX_EPOCH,
    };
    let incident = correlate(&material);
    assert!(incident.statements.iter().all(|one| one.confidence == report::Confidence::NotAssessable));
    assert!(incident.limitations.iter().any(|text| text.contains("no record at all")));
    assert_eq!(incident.data_impact.objects_count, 0);
}
