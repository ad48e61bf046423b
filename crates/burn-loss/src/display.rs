//! How the losses print themselves.

/// Implements `ModuleDisplay`: the fields on one line, those that print themselves as modules first.
macro_rules! display_fields {
    ([$($generics:tt)*] $loss:ty: {$($module:ident),*} $($field:ident),*) => {
        impl $($generics)* burn::module::ModuleDisplay for $loss {
            fn custom_settings(&self) -> Option<burn::module::DisplaySettings> {
                burn::module::DisplaySettings::new()
                    .with_new_line_after_attribute(false)
                    .optional()
            }

            fn custom_content(
                &self,
                content: burn::module::Content,
            ) -> Option<burn::module::Content> {
                content
                    $(.add(stringify!($module), &self.$module))*
                    $(.add_debug_attribute(stringify!($field), &self.$field))*
                    .optional()
            }
        }
    };
}
pub(crate) use display_fields;
