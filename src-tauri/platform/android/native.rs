//! What the views in Java ask and tell.

use std::ffi::c_void;

use jni::errors::Result;
use jni::objects::{JByteArray, JClass, JObject, JObjectArray, JString};
use jni::sys::{JNI_FALSE, JNI_TRUE, jboolean, jint, jobjectArray};
use jni::{JNIEnv, NativeMethod};
use tauri::{AppHandle, Url};

use super::{APP, state};
use crate::browse::{self, files};
use crate::platform::certificates;
use crate::platform::policy::{self, Going};
use crate::view::PageNotice;

/// Gives the class its native methods; doing it again changes nothing.
pub(super) fn register(env: &mut JNIEnv<'_>, class: &JClass<'_>) -> Result<()> {
    let method = |name: &str, signature: &str, function: *mut c_void| NativeMethod {
        name: name.into(),
        sig: signature.into(),
        fn_ptr: function,
    };
    let methods = [
        method("mayGo", "(Ljava/lang/String;Ljava/lang/String;ZZ)Z", may_go as *mut c_void),
        method("trusts", "(Ljava/lang/String;[B)Z", trusts as *mut c_void),
        method("answer", "(Ljava/lang/String;)[Ljava/lang/String;", answer as *mut c_void),
        method("onStarted", "(Ljava/lang/String;)V", started as *mut c_void),
        method("onChanged", "(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;ZZZ)V", changed as *mut c_void),
        method("onFailed", "(Ljava/lang/String;Ljava/lang/String;)V", failed as *mut c_void),
        method("onDownload", "(Ljava/lang/String;Ljava/lang/String;)V", download as *mut c_void),
        method("onFound", "(Ljava/lang/String;I)V", found as *mut c_void),
        method("onTouched", "()V", touched as *mut c_void),
    ];
    // Each function has the signature that is written beside it, as a static method of the class.
    env.register_native_methods(class, &methods)
}

extern "system" fn may_go(
    mut env: JNIEnv<'_>,
    _: JClass<'_>,
    label: JString<'_>,
    address: JString<'_>,
    whole_page: jboolean,
    by_person: jboolean,
) -> jboolean {
    let going = Going { whole_page: whole_page != JNI_FALSE, by_person: by_person != JNI_FALSE };
    let may = about(&mut env, &label, &address, |app, label, address| policy::may_go(app, label, address, going));
    if may == Some(true) { JNI_TRUE } else { JNI_FALSE }
}

extern "system" fn trusts(
    mut env: JNIEnv<'_>,
    _: JClass<'_>,
    host: JString<'_>,
    certificate: JByteArray<'_>,
) -> jboolean {
    let host = text(&mut env, &host);
    let shown = env.convert_byte_array(certificate);
    let proxy = state().as_ref().map(|state| state.proxy.clone());
    let (Some(host), Ok(shown), Some(proxy)) = (host, shown, proxy) else { return JNI_FALSE };
    let own = proxy.certificate_pem(&host);
    if certificates::is_own(own.as_deref(), &shown) { JNI_TRUE } else { JNI_FALSE }
}

/// Gives the proxy, and nobody else, the credentials of this unlock.
extern "system" fn answer(mut env: JNIEnv<'_>, _: JClass<'_>, host: JString<'_>) -> jobjectArray {
    let host = text(&mut env, &host);
    let proxy = state().as_ref().map(|state| state.proxy.clone());
    let proxy = proxy.filter(|proxy| host.is_some_and(|host| host == proxy.addr.ip().to_string()));
    let answer = proxy.and_then(|proxy| pair(&mut env, &proxy.user, &proxy.password).ok());
    answer.map_or(std::ptr::null_mut(), |answer| answer.into_raw())
}

fn pair<'local>(env: &mut JNIEnv<'local>, user: &str, password: &str) -> Result<JObjectArray<'local>> {
    let pair = env.new_object_array(2, "java/lang/String", JObject::null())?;
    for (index, text) in [(0, user), (1, password)] {
        let text = env.new_string(text)?;
        env.set_object_array_element(&pair, index, text)?;
    }
    Ok(pair)
}

extern "system" fn started(mut env: JNIEnv<'_>, _: JClass<'_>, label: JString<'_>) {
    if let (Some(app), Some(label)) = (APP.get(), text(&mut env, &label)) {
        policy::begin(app, &label);
    }
}

#[expect(clippy::too_many_arguments, reason = "Java hands each part over")]
extern "system" fn changed(
    mut env: JNIEnv<'_>,
    _: JClass<'_>,
    label: JString<'_>,
    address: JString<'_>,
    title: JString<'_>,
    loading: jboolean,
    back: jboolean,
    forward: jboolean,
) {
    let title = text(&mut env, &title).unwrap_or_default();
    about(&mut env, &label, &address, |app, label, address| {
        browse::update(app, label, |page| {
            page.address = address.to_owned();
            page.title = title;
            page.loading = loading != JNI_FALSE;
            page.can_go_back = back != JNI_FALSE;
            page.can_go_forward = forward != JNI_FALSE;
        });
    });
}

extern "system" fn failed(mut env: JNIEnv<'_>, _: JClass<'_>, label: JString<'_>, address: JString<'_>) {
    about(&mut env, &label, &address, policy::explain_failure);
}

extern "system" fn download(mut env: JNIEnv<'_>, _: JClass<'_>, label: JString<'_>, address: JString<'_>) {
    about(&mut env, &label, &address, |app, label, address| {
        let url = Url::parse(address).ok();
        let last = url.as_ref().and_then(|url| url.path_segments()).and_then(|mut segments| segments.next_back());
        let name = files::harmless_name(last.unwrap_or_default());
        browse::notice(app, label, PageNotice::NotSaved { name });
    });
}

extern "system" fn found(mut env: JNIEnv<'_>, _: JClass<'_>, label: JString<'_>, count: jint) {
    if let (Some(app), Some(label)) = (APP.get(), text(&mut env, &label)) {
        browse::update(app, &label, |page| page.found = u32::try_from(count).ok());
    }
}

extern "system" fn touched(_: JNIEnv<'_>, _: JClass<'_>) {
    if let Some(app) = APP.get() {
        browse::touch(app);
    }
}

fn about<T>(
    env: &mut JNIEnv<'_>,
    label: &JString<'_>,
    address: &JString<'_>,
    job: impl FnOnce(&AppHandle, &str, &str) -> T,
) -> Option<T> {
    let (label, address) = (text(env, label)?, text(env, address)?);
    Some(job(APP.get()?, &label, &address))
}

fn text(env: &mut JNIEnv<'_>, text: &JString<'_>) -> Option<String> {
    env.get_string(text).ok().map(String::from)
}
