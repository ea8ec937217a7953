//! Nothing that a model invents is delivered.

/// Cases of each task beside one of our own; `cargo xtask eval-invented` takes all.
const CASES: usize = 1;

#[test]
fn what_a_model_makes_up_does_not_come_through() {
    let told = quell_proof::deliver("", CASES).unwrap();
    assert!(told.invented == 0, "{} of {}: {:#?}", told.invented, told.answers, told.examples);
    assert!(told.answers > 2_000 && told.kept > told.answers, "{told:?}");
}
