//! What the screens may ask for. Each command parses, calls the controller and returns.
//!
//! A command is named in three places: here, in `build.rs`, and in the capability of the window that may call it.

use latchgate_client::view::{CodeView, DeviceView, LockCause, Settings, Snapshot, UsageMonth};
use latchgate_client::{Failure, Fault, ProfileName, Words};
use tauri::ipc::{Channel, InvokeBody, InvokeResponseBody, Request};
use tauri::{AppHandle, State, WebviewWindow, Wry};
use zeroize::Zeroizing;

use crate::shell::{Shell, UnlockInput};
use crate::view::{
    CameraState, DeviceInfo, DownloadAction, DownloadView, FindStep, LinkView, Look, PageAction, PageView,
};
use crate::{biometrics, browse, files, ground, links};

/// What a report for the help desk is called among the downloads.
const REPORT_NAME: &str = "latchgate-report.txt";

/// Returns the handler of every command.
pub(crate) fn handler() -> impl Fn(tauri::ipc::Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        view,
        device_info,
        read_code,
        read_picture,
        scan,
        stop_scan,
        drop_code,
        pair,
        resume_pairing,
        cancel_pairing,
        confirm_check_code,
        unlock,
        lock,
        forget,
        show_company,
        add_company,
        leave_company,
        set_settings,
        bind_biometrics,
        unbind_biometrics,
        devices,
        revoke_device,
        confirm_device,
        deny_device,
        make_backup,
        take_backup,
        restore_backup,
        touch,
        open_site,
        watch_page,
        page_act,
        page_navigate,
        page_answer,
        page_find,
        page_fit,
        downloads,
        download_act,
        present,
        pin_page,
        unpin_page,
        forget_recent,
        forget_logins,
        usage,
        diagnostics,
        save_diagnostics,
        link,
        answer_link,
    ]
}

#[tauri::command]
fn view(shell: State<'_, Shell>) -> Snapshot {
    shell.companies().view()
}

#[tauri::command]
async fn device_info(app: AppHandle) -> DeviceInfo {
    let keeps_logins = cfg!(target_os = "linux");
    DeviceInfo { mobile: cfg!(mobile), biometrics: biometrics::kind(&app).await, keeps_logins }
}

#[tauri::command]
fn read_code(shell: State<'_, Shell>, text: String) -> Result<CodeView, Failure> {
    shell.take_code(Zeroizing::new(text))
}

#[tauri::command]
async fn read_picture(shell: State<'_, Shell>, request: Request<'_>) -> Result<CodeView, Failure> {
    let InvokeBody::Raw(picture) = request.body() else { return Err(Fault::PictureUnreadable.into()) };
    shell.take_code(shell.client().read_picture(picture.clone()).await?)
}

#[tauri::command]
async fn scan(
    shell: State<'_, Shell>,
    frames: Channel<InvokeResponseBody>,
    states: Channel<CameraState>,
) -> Result<CodeView, Failure> {
    shell.take_code(shell.scanner().scan(shell.client(), frames, states).await?)
}

#[tauri::command]
fn stop_scan(shell: State<'_, Shell>) {
    shell.scanner().stop();
}

#[tauri::command]
fn drop_code(shell: State<'_, Shell>) {
    shell.drop_code();
}

#[tauri::command]
async fn pair(app: AppHandle, shell: State<'_, Shell>, secret: UnlockInput) -> Result<(), Failure> {
    shell.pair(secret.seal(&app).await?).await
}

#[tauri::command]
async fn resume_pairing(shell: State<'_, Shell>) -> Result<(), Failure> {
    shell.client().resume_pairing().await
}

#[tauri::command]
async fn cancel_pairing(shell: State<'_, Shell>) -> Result<(), Failure> {
    shell.client().cancel_pairing().await
}

#[tauri::command]
async fn confirm_check_code(shell: State<'_, Shell>) -> Result<(), Failure> {
    shell.client().confirm_check_code().await
}

#[tauri::command]
async fn unlock(app: AppHandle, shell: State<'_, Shell>, secret: UnlockInput) -> Result<(), Failure> {
    shell.unlock(&app, secret).await
}

#[tauri::command]
fn lock(shell: State<'_, Shell>) {
    shell.companies().lock(LockCause::Person);
}

#[tauri::command]
async fn forget(app: AppHandle, shell: State<'_, Shell>) -> Result<(), Failure> {
    let (client, profile) = (shell.client(), shell.companies().shown_name());
    client.forget().await?;
    biometrics::forget_key(&app, &profile).await;
    shell.companies().leave();
    Ok(())
}

#[tauri::command]
fn show_company(shell: State<'_, Shell>, profile: &str) -> Result<(), Failure> {
    shell.drop_code();
    let profile = ProfileName::parse(profile).map_err(|_| Fault::NotPaired)?;
    shell.companies().show(&profile)
}

#[tauri::command]
fn add_company(shell: State<'_, Shell>) -> Result<(), Failure> {
    shell.companies().add()
}

#[tauri::command]
fn leave_company(shell: State<'_, Shell>) {
    shell.drop_code();
    shell.companies().leave();
}

#[tauri::command]
async fn set_settings(app: AppHandle, shell: State<'_, Shell>, settings: Settings) -> Result<(), Failure> {
    shell.client().set_settings(settings).await?;
    browse::heed_settings(&app);
    Ok(())
}

#[tauri::command]
async fn bind_biometrics(app: AppHandle, shell: State<'_, Shell>) -> Result<(), Failure> {
    shell.bind(&app).await
}

#[tauri::command]
async fn unbind_biometrics(app: AppHandle, shell: State<'_, Shell>) -> Result<(), Failure> {
    shell.client().unbind().await?;
    biometrics::forget_key(&app, &shell.companies().shown_name()).await;
    Ok(())
}

#[tauri::command]
async fn devices(shell: State<'_, Shell>) -> Result<Vec<DeviceView>, Failure> {
    shell.client().devices().await
}

#[tauri::command]
async fn revoke_device(shell: State<'_, Shell>, id: String, wipe: bool) -> Result<(), Failure> {
    shell.client().revoke_device(&id, wipe).await
}

#[tauri::command]
async fn confirm_device(shell: State<'_, Shell>, id: String, check_code: String) -> Result<(), Failure> {
    shell.client().confirm_device(&id, &check_code).await
}

#[tauri::command]
async fn deny_device(shell: State<'_, Shell>, id: String) -> Result<(), Failure> {
    shell.client().deny_device(&id).await
}

#[tauri::command]
async fn make_backup(app: AppHandle, shell: State<'_, Shell>, passphrase: String) -> Result<String, Failure> {
    let backup = shell.client().back_up(Zeroizing::new(passphrase)).await?;
    files::save(&app, &shell.file_name(".lgb"), &backup)
}

#[tauri::command]
fn take_backup(shell: State<'_, Shell>, request: Request<'_>) -> Result<(), Failure> {
    let InvokeBody::Raw(backup) = request.body() else { return Err(Fault::BackupUnreadable.into()) };
    shell.take_backup(backup.clone());
    Ok(())
}

#[tauri::command]
async fn restore_backup(
    app: AppHandle,
    shell: State<'_, Shell>,
    passphrase: String,
    secret: UnlockInput,
) -> Result<(), Failure> {
    shell.restore(Zeroizing::new(passphrase), secret.seal(&app).await?).await
}

#[tauri::command]
fn touch(shell: State<'_, Shell>) {
    shell.companies().touch();
}

#[tauri::command]
async fn open_site(app: AppHandle, url: String) -> Result<(), Failure> {
    browse::open_site(&app, &url).await
}

#[tauri::command]
fn watch_page(shell: State<'_, Shell>, window: WebviewWindow, snapshots: Channel<PageView>) {
    shell.pages().watch(window.label(), snapshots);
}

#[tauri::command]
fn page_act(app: AppHandle, window: WebviewWindow, action: PageAction) {
    browse::act(&app, window.label(), action);
}

#[tauri::command]
fn page_navigate(app: AppHandle, window: WebviewWindow, address: String) {
    browse::navigate(&app, window.label(), &address);
}

#[tauri::command]
fn page_answer(app: AppHandle, window: WebviewWindow, open: bool) {
    browse::answer(&app, window.label(), open);
}

#[tauri::command]
fn page_find(app: AppHandle, window: WebviewWindow, words: String, step: FindStep) {
    browse::find(&app, window.label(), words, step);
}

#[tauri::command]
fn page_fit(app: AppHandle, window: WebviewWindow, height: u32) {
    browse::fit(&app, window.label(), height);
}

#[tauri::command]
fn downloads(app: AppHandle) -> Vec<DownloadView> {
    browse::downloads::shown(&app)
}

#[tauri::command]
fn download_act(app: AppHandle, id: u32, action: DownloadAction) {
    browse::downloads::act(&app, id, action);
}

#[tauri::command]
fn present(app: AppHandle, shell: State<'_, Shell>, look: Look) {
    let Look { language, appearance, words } = look;
    shell.companies().speak(&Words { language, page: words });
    ground::choose(&app, appearance);
}

#[tauri::command]
fn pin_page(app: AppHandle, shell: State<'_, Shell>, url: &str, title: &str) -> Result<(), Failure> {
    shell.client().pin_page(url, title)?;
    browse::keeping::show_pins(&app);
    Ok(())
}

#[tauri::command]
fn unpin_page(app: AppHandle, shell: State<'_, Shell>, url: &str) {
    shell.client().unpin_page(url);
    browse::keeping::show_pins(&app);
}

#[tauri::command]
fn forget_recent(shell: State<'_, Shell>) {
    shell.client().forget_recent();
}

#[tauri::command]
fn forget_logins(app: AppHandle, shell: State<'_, Shell>) {
    shell.client().forget_logins();
    browse::keeping::forget_logins(&app, &shell.companies().shown_name());
}

#[tauri::command]
fn usage(shell: State<'_, Shell>) -> Result<Vec<UsageMonth>, Failure> {
    shell.client().usage()
}

#[tauri::command]
fn diagnostics(shell: State<'_, Shell>) -> String {
    shell.make_report()
}

#[tauri::command]
fn save_diagnostics(app: AppHandle, shell: State<'_, Shell>) -> Result<String, Failure> {
    files::save(&app, REPORT_NAME, shell.shown_report().as_bytes())
}

#[tauri::command]
fn link(shell: State<'_, Shell>) -> Option<LinkView> {
    shell.links().view()
}

#[tauri::command]
async fn answer_link(app: AppHandle, open: bool) -> Result<(), Failure> {
    links::answer(&app, open).await
}
