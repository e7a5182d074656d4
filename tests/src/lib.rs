//! Journeys across real processes: the real server, the real app in a window,
//! headless tablets and the console in Chromium.
//!
//! Everything goes through doors that a person or tablet has: screens, command
//! lines and HTTP. No function of the product is called from here.

pub mod app;
pub mod browser;
pub mod console;
pub mod cut;
pub mod desk;
pub mod main_job;
pub mod namespace;
pub mod office;
pub mod process;
pub mod python;
pub mod screen;
pub mod tablet;
pub mod wire;
