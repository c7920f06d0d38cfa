//! Tests the output of the command, word by word. `TRYCMD=overwrite` records the current output.

#[test]
fn the_output_matches_the_transcripts() {
    trycmd::TestCases::new().case("tests/transcripts/*.trycmd");
}
