//! A GIO module for WebKitGTK's network process: SOCKS5 whose connections look direct.
//!
//! libsoup offers HTTP/2 to no site that it reaches through a proxy, and opens six connections to a host and 17 in
//! all. Over SOCKS5 there is no reason for that: after the greeting the bytes are those of the site. It tells a proxy
//! by the address that the socket was connected to.
//!
//! 1. GIO loads this file from the folders in `GIO_EXTRA_MODULES` and calls [`g_io_module_load`].
//! 2. That registers one more kind of proxy, for addresses that begin with `latchgate-socks5://`.
//! 3. It greets by GIO's own SOCKS5 and hands the connection on in a socket that knows no more than the system does.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "a GIO module is a library of C functions")]

use std::ffi::{CStr, c_char, c_int};
use std::mem::size_of;
use std::os::fd::{BorrowedFd, IntoRawFd as _};
use std::ptr::null_mut;

use gio_sys::{
    G_IO_ERROR_FAILED, G_IO_ERROR_NOT_SUPPORTED, GAsyncReadyCallback, GAsyncResult, GCancellable, GIOModule, GIOStream,
    GProxy, GProxyAddress, GProxyInterface, GSocketConnection, GTask, g_io_error_quark, g_io_extension_point_implement,
    g_proxy_connect, g_proxy_connect_async, g_proxy_connect_finish, g_proxy_get_default_for_protocol, g_proxy_get_type,
    g_socket_connection_factory_create_connection, g_socket_connection_get_socket, g_socket_connection_get_type,
    g_socket_get_fd, g_socket_new_from_fd, g_task_new, g_task_propagate_pointer, g_task_return_error,
    g_task_return_pointer,
};
use glib_sys::{GError, GFALSE, GTRUE, GType, g_set_error_literal, g_strdupv, gboolean, gpointer};
use gobject_sys::{
    G_TYPE_OBJECT, GInterfaceInfo, GObject, GObjectClass, GTypeInstance, GTypeModule, g_object_unref,
    g_type_add_interface_static, g_type_check_instance_is_a, g_type_module_use, g_type_register_static_simple,
};

/// What this module adds to.
const EXTENSION_POINT: &CStr = c"gio-proxy";
/// The scheme of the proxy's address.
const PROTOCOL: &CStr = c"latchgate-socks5";
/// Who really greets.
const SOCKS5: &CStr = c"socks5";
const TYPE_NAME: &CStr = c"LatchgateSocks5";

/// Registers the proxy.
///
/// # Safety
///
/// GIO calls it once, with its own `module`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn g_io_module_load(module: *mut GIOModule) {
    let interface =
        GInterfaceInfo { interface_init: Some(fill_interface), interface_finalize: None, interface_data: null_mut() };
    // SAFETY: the module is GIO's; it stays loaded, so that the functions of its type do.
    unsafe {
        if g_type_module_use(module.cast::<GTypeModule>()) == GFALSE {
            return;
        }
        let kind = g_type_register_static_simple(
            G_TYPE_OBJECT,
            TYPE_NAME.as_ptr(),
            size_of::<GObjectClass>() as u32,
            None,
            size_of::<GObject>() as u32,
            None,
            0,
        );
        g_type_add_interface_static(kind, g_proxy_get_type(), &raw const interface);
        g_io_extension_point_implement(EXTENSION_POINT.as_ptr(), kind, PROTOCOL.as_ptr(), 0);
    }
}

/// Does nothing: what was registered stays.
///
/// # Safety
///
/// GIO calls it with its own module.
#[unsafe(no_mangle)]
pub const unsafe extern "C" fn g_io_module_unload(_module: *mut GIOModule) {}

/// Names the extension points that this module adds to, in a list that the caller frees.
///
/// # Safety
///
/// GIO's tools call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn g_io_module_query() -> *mut *mut c_char {
    let mut names = [EXTENSION_POINT.as_ptr().cast_mut(), null_mut()];
    // SAFETY: the list ends with null, and what is returned is a copy.
    unsafe { g_strdupv(names.as_mut_ptr()) }
}

/// SAFETY: GObject calls it with the interface of the type that was registered above.
unsafe extern "C" fn fill_interface(interface: gpointer, _data: gpointer) {
    // SAFETY: see above.
    let interface = unsafe { &mut *interface.cast::<GProxyInterface>() };
    interface.connect = Some(connect);
    interface.connect_async = Some(connect_async);
    interface.connect_finish = Some(connect_finish);
    interface.supports_hostname = Some(supports_hostname);
}

/// Names are resolved behind the proxy, never here.
const unsafe extern "C" fn supports_hostname(_proxy: *mut GProxy) -> gboolean {
    GTRUE
}

/// SAFETY: GIO calls it with live objects, and an `error` that is null or can be written.
unsafe extern "C" fn connect(
    _proxy: *mut GProxy,
    connection: *mut GIOStream,
    address: *mut GProxyAddress,
    cancellable: *mut GCancellable,
    error: *mut *mut GError,
) -> *mut GIOStream {
    // SAFETY: see above; every reference that is owned here is given back.
    unsafe {
        let socks5 = greeter(error);
        if socks5.is_null() {
            return null_mut();
        }
        let stream = g_proxy_connect(socks5, connection, address, cancellable, error);
        g_object_unref(socks5.cast());
        as_if_direct(stream, error)
    }
}

/// SAFETY: as [`connect`]; `callback` is called once.
unsafe extern "C" fn connect_async(
    proxy: *mut GProxy,
    connection: *mut GIOStream,
    address: *mut GProxyAddress,
    cancellable: *mut GCancellable,
    callback: GAsyncReadyCallback,
    data: gpointer,
) {
    let mut error = null_mut();
    // SAFETY: see above; the task is owned by the call that is made, and by nobody after its end.
    unsafe {
        let task = g_task_new(proxy.cast(), cancellable, callback, data);
        let socks5 = greeter(&raw mut error);
        if socks5.is_null() {
            g_task_return_error(task, error);
            g_object_unref(task.cast());
            return;
        }
        g_proxy_connect_async(socks5, connection, address, cancellable, Some(greeted), task.cast());
        g_object_unref(socks5.cast());
    }
}

/// SAFETY: GIO calls it at the end of the greeting, with the task that was given to it.
unsafe extern "C" fn greeted(socks5: *mut GObject, result: *mut GAsyncResult, data: gpointer) {
    let task = data.cast::<GTask>();
    let mut error = null_mut();
    // SAFETY: see above; the task takes the stream or the error.
    unsafe {
        let stream = g_proxy_connect_finish(socks5.cast(), result, &raw mut error);
        let stream = as_if_direct(stream, &raw mut error);
        if stream.is_null() {
            g_task_return_error(task, error);
        } else {
            g_task_return_pointer(task, stream.cast(), Some(give_back));
        }
        g_object_unref(task.cast());
    }
}

/// SAFETY: GIO calls it with a result that [`connect_async`] gave.
unsafe extern "C" fn connect_finish(
    _proxy: *mut GProxy,
    result: *mut GAsyncResult,
    error: *mut *mut GError,
) -> *mut GIOStream {
    // SAFETY: see above.
    unsafe { g_task_propagate_pointer(result.cast(), error).cast() }
}

/// SAFETY: `object` is one, and owned.
unsafe extern "C" fn give_back(object: gpointer) {
    // SAFETY: see above.
    unsafe { g_object_unref(object.cast()) }
}

/// Returns GIO's own SOCKS5, or null and an error.
///
/// SAFETY: `error` can be written, or is null.
unsafe fn greeter(error: *mut *mut GError) -> *mut GProxy {
    // SAFETY: see above.
    unsafe {
        let socks5 = g_proxy_get_default_for_protocol(SOCKS5.as_ptr());
        if socks5.is_null() {
            fail(error, G_IO_ERROR_NOT_SUPPORTED, c"GIO has no SOCKS5");
        }
        socks5
    }
}

/// Takes a connection and returns the same one in a socket of its own, which asks the system whom it is connected to.
///
/// SAFETY: `stream` is owned or null, in which case `error` is set; `error` can be written, or is null.
unsafe fn as_if_direct(stream: *mut GIOStream, error: *mut *mut GError) -> *mut GIOStream {
    if stream.is_null() {
        return null_mut();
    }
    // SAFETY: the stream is alive until its reference is given back, and so is its descriptor.
    unsafe {
        if !is_a(stream.cast(), g_socket_connection_get_type()) {
            return stream;
        }
        let socket = g_socket_connection_get_socket(stream.cast::<GSocketConnection>());
        let copy = BorrowedFd::borrow_raw(g_socket_get_fd(socket)).try_clone_to_owned();
        g_object_unref(stream.cast());
        let Ok(copy) = copy else {
            fail(error, G_IO_ERROR_FAILED, c"the connection to the proxy cannot be taken over: no descriptor is left");
            return null_mut();
        };
        // On failure the descriptor is lost; it fails for what is no socket only.
        let own = g_socket_new_from_fd(copy.into_raw_fd(), error);
        if own.is_null() {
            return null_mut();
        }
        let connection = g_socket_connection_factory_create_connection(own);
        g_object_unref(own.cast());
        connection.cast()
    }
}

/// SAFETY: `instance` is one.
unsafe fn is_a(instance: *mut GTypeInstance, kind: GType) -> bool {
    // SAFETY: see above.
    unsafe { g_type_check_instance_is_a(instance, kind) != GFALSE }
}

/// SAFETY: `error` can be written, or is null.
unsafe fn fail(error: *mut *mut GError, code: c_int, message: &CStr) {
    // SAFETY: see above.
    unsafe { g_set_error_literal(error, g_io_error_quark(), code, message.as_ptr()) }
}
