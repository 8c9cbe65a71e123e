//! The app's skin: windows, commands and what only the platform can do. It decides nothing.
//!
//! 1. [`run`] opens the device's controller (`latchgate_client`) and the main window.
//! 2. [`view`] sends each snapshot of the controller to the main window, whose screens show it.
//! 3. What a person does arrives as one of [`commands`] and goes to the controller.
//! 4. [`browse`] opens intranet pages in windows of their own. A page sees nothing of the app: no capability, no
//!    message handler, and the controller's loopback proxy is its only way out.

#[cfg(target_os = "linux")]
mod again;
mod biometrics;
mod browse;
mod camera;
mod commands;
mod files;
mod ground;
mod links;
mod platform;
mod shell;
mod view;

use std::io::{IsTerminal as _, stderr};
use std::process::ExitCode;

use tauri::{AppHandle, RunEvent, Wry};
use tracing_subscriber::EnvFilter;

/// Runs the app until its main window is closed.
pub fn run() -> ExitCode {
    // At TRACE tungstenite writes whole frames, passwords included.
    let no_frames = "tungstenite=warn".parse().expect("a directive");
    let filter = EnvFilter::try_from_env("LATCHGATE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,latchgate=info"))
        .add_directive(no_frames);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(stderr().is_terminal()).init();
    #[cfg(target_os = "linux")]
    platform::announce_module();
    match plugins(tauri::Builder::default())
        .invoke_handler(commands::handler())
        .setup(|app| shell::open(app.handle()))
        .build(tauri::generate_context!())
    {
        Ok(app) => {
            app.run(handle_event);
            ExitCode::SUCCESS
        }
        Err(error) => {
            #[cfg(target_os = "linux")]
            again::start_behind_a_leaving_instance(&error);
            tracing::error!(error = &error as &dyn std::error::Error, "the app cannot start");
            ExitCode::FAILURE
        }
    }
}

#[cfg(mobile)]
mod entry {
    #[tauri::mobile_entry_point]
    fn start() {
        let _ = super::run();
    }
}

fn plugins(builder: tauri::Builder<Wry>) -> tauri::Builder<Wry> {
    // A data folder of its own is an instance of its own, and the controller locks each folder.
    #[cfg(desktop)]
    let builder = match shell::own_data_dir() {
        Some(_) => builder,
        None => builder.plugin(tauri_plugin_single_instance::init(|app, _, _| shell::show_main(app))),
    };
    // After the single instance, which hands it the links of later starts.
    let builder = builder.plugin(tauri_plugin_deep_link::init());
    #[cfg(any(target_os = "macos", mobile))]
    let builder = builder.plugin(tauri_plugin_biometric::init());
    #[cfg(mobile)]
    let builder = builder.plugin(tauri_plugin_barcode_scanner::init());
    builder
}

fn handle_event(app: &AppHandle, event: RunEvent) {
    if let RunEvent::Exit = event {
        shell::close(app);
    }
}
