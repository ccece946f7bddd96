//! One test a model. Under nextest, because a deadlock aborts the process.

macro_rules! tests {
    ($($file:literal $module:ident: $($name:ident)*;)*) => {$($(
        #[test]
        fn $name() {
            heist_models::Model::named(stringify!($name)).expect("it is in the table").check();
        }
    )*)*};
}

heist_models::for_each_model!(tests);
