//! What the command says, word by word. `TRYCMD=overwrite` writes down what it says now.

#[test]
fn the_command_says_what_is_written_down() {
    trycmd::TestCases::new().case("tests/transcripts/*.trycmd");
}
