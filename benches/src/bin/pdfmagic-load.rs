//! `pdfmagic-load`: measures a deployment.

use std::process::ExitCode;

fn main() -> ExitCode {
    pdfmagic_benches::program::main()
}
