#![allow(missing_docs)]
use heist_core::primitive::Arc;
pub mod reactor {
    use super::*;
    use std::task::Waker;
    use std::time::Duration;
    pub struct Reactor;
    #[derive(Clone, Copy, Default, Debug)]
    pub enum Variant {
        #[default]
        Polling,
    }
    impl std::str::FromStr for Variant {
        type Err = String;
        fn from_str(_: &str) -> Result<Self, String> {
            Ok(Self::Polling)
        }
    }
    impl Reactor {
        pub fn new(_: Variant, _: Waker) -> Arc<Self> {
            Arc::new(Self)
        }
        pub fn is_live(&self) -> bool {
            false
        }
        pub fn notify(&self) {}
        pub fn wait(&self, _: Option<Duration>, _: &mut Vec<Waker>) -> std::io::Result<usize> {
            Ok(0)
        }
        pub fn close(&self) {}
    }
}
pub mod blocking {
    use super::*;
    pub struct Pool;
    impl Pool {
        pub fn new(
            _: usize,
            _: String,
            _: Box<dyn Fn() + Send + Sync>,
            _: Box<dyn Fn() + Send + Sync>,
        ) -> Arc<Self> {
            Arc::new(Self)
        }
        pub fn push(&self, j: heist_core::job::Job) -> Result<(), heist_core::job::Job> {
            struct S(heist_core::job::Job);
            let s = S(j);
            std::thread::spawn(move || {
                let s = s;
                s.0.run()
            });
            Ok(())
        }
        pub fn shutdown(&self) {}
    }
}
pub struct Entered;
pub fn enter(_: Arc<reactor::Reactor>, _: Arc<blocking::Pool>) -> Entered {
    Entered
}
