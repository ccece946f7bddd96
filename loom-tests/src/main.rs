//! tmp
fn main() {
    for name in std::env::args().skip(1) {
        heist_models::Model::named(&name).unwrap().check();
    }
}
