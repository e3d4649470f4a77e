//! Prints the reference page of the variables, `docs/variables.md`.

fn main() {
    print!("{}", entrypoint::variables::reference::page());
}
