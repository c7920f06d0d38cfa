//! Tests the output of the command, word by word. `TRYCMD=overwrite` records the current output.

#[test]
fn the_command_says_what_is_written_down() {
    trycmd::TestCases::new().case("tests/transcripts/*.trycmd");
}
