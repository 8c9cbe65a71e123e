package org.latchgate.app;

import android.app.Activity;
import android.content.Context;
import android.print.PrintAttributes;
import android.print.PrintManager;
import android.view.View;
import android.view.ViewGroup;
import android.webkit.CookieManager;
import android.webkit.WebStorage;
import android.webkit.WebViewDatabase;

import androidx.webkit.ProxyConfig;
import androidx.webkit.ProxyController;
import androidx.webkit.WebViewCompat;
import androidx.webkit.WebViewFeature;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The pages of the company that is open, for the app's core. Everything runs on the thread of the views.
 *
 * 1. Android has one way out, one jar of cookies and one storage for all web views of a process: pages of one company
 *    at a time. The core sees to that, and calls {@link #forget} in between.
 * 2. {@link #open} sets the core's proxy as the only way out, and loads nothing before Android has said that it is
 *    set. It is never taken back: what loads after a lock finds a closed door.
 */
final class Pages {
    /** The app's own pages, which come out of the app and whose storage stays. */
    private static final Set<String> OWN =
            new HashSet<>(Arrays.asList("http://tauri.localhost", "https://tauri.localhost"));

    /** UDP knows no proxy; pages do without it in all their frames. */
    private static final String NO_PEERS =
            "for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport'])"
                    + " { try { delete globalThis[name]; } catch (error) {} }";

    private static final Map<String, PageView> SHOWN = new HashMap<>();

    private Pages() {}

    /**
     * Opens a page below its bar. Returns whether this Android can set its only way out.
     *
     * @param fresh whether what other pages kept is forgotten first
     */
    static boolean open(
            Activity screen, View bar, String label, String address, String proxy, int barHeight, boolean fresh) {
        if (!WebViewFeature.isFeatureSupported(WebViewFeature.PROXY_OVERRIDE)
                || !WebViewFeature.isFeatureSupported(WebViewFeature.DOCUMENT_START_SCRIPT)) {
            return false;
        }
        PageActivity activity = (PageActivity) screen;
        ProxyConfig way = new ProxyConfig.Builder().addProxyRule(proxy).removeImplicitRules().build();
        Runnable load = () -> show(activity, bar, label, address, barHeight);
        Runnable leave = () -> ProxyController.getInstance()
                .setProxyOverride(way, Runnable::run, () -> activity.runOnUiThread(load));
        if (fresh) {
            forget(activity, leave);
        } else {
            leave.run();
        }
        return true;
    }

    private static void show(PageActivity activity, View bar, String label, String address, int barHeight) {
        if (activity.isFinishing() || SHOWN.containsKey(label)) {
            return;
        }
        PageView page = new PageView(activity, bar, label);
        WebViewCompat.addDocumentStartJavaScript(page, NO_PEERS, Collections.singleton("*"));
        SHOWN.put(label, page);
        activity.show(page);
        activity.addContentView(page, new ViewGroup.LayoutParams(
                ViewGroup.LayoutParams.MATCH_PARENT, ViewGroup.LayoutParams.MATCH_PARENT));
        page.setBarHeight(barHeight);
        page.loadUrl(address);
    }

    /** Ends a page and its screen. */
    static void close(Activity activity, String label) {
        PageView page = SHOWN.get(label);
        if (page != null) {
            drop(page);
        }
        activity.finish();
    }

    static void drop(PageView page) {
        SHOWN.remove(page.label);
        page.stopLoading();
        if (page.getParent() instanceof ViewGroup) {
            ((ViewGroup) page.getParent()).removeView(page);
        }
        page.clearCache(true);
        page.clearSslPreferences();
        page.clearFormData();
        page.destroy();
    }

    /** Forgets what pages kept: cookies, storage, logins. The app's own pages keep theirs. */
    static void forget(Activity activity, Runnable then) {
        for (PageView page : SHOWN.values().toArray(new PageView[0])) {
            drop(page);
        }
        CookieManager cookies = CookieManager.getInstance();
        WebStorage storage = WebStorage.getInstance();
        storage.getOrigins(origins -> {
            for (Object origin : origins.keySet()) {
                // Some versions write the port and a slash behind it.
                String name = origin.toString().replaceFirst("(:80|:443)?/?$", "");
                if (!OWN.contains(name)) {
                    storage.deleteOrigin(origin.toString());
                }
            }
        });
        WebViewDatabase.getInstance(activity).clearHttpAuthUsernamePassword();
        cookies.removeAllCookies(done -> {
            cookies.flush();
            if (then != null) {
                then.run();
            }
        });
    }

    /** What the person chose in the bar, by the names that the core uses. */
    static void act(String label, String action) {
        PageView page = SHOWN.get(label);
        if (page == null) {
            return;
        }
        switch (action) {
            case "back": page.goBack(); break;
            case "forward": page.goForward(); break;
            case "reload": page.reload(); break;
            case "stop": page.stopLoading(); break;
            case "print": print(page); break;
            default: break;
        }
    }

    private static void print(PageView page) {
        PrintManager printer = (PrintManager) page.getContext().getSystemService(Context.PRINT_SERVICE);
        String name = page.getTitle() == null ? "Latchgate" : page.getTitle();
        printer.print(name, page.createPrintDocumentAdapter(name), new PrintAttributes.Builder().build());
    }

    /** Loads an address that was judged. */
    static void load(String label, String address) {
        PageView page = SHOWN.get(label);
        if (page != null) {
            page.loadUrl(address);
        }
    }

    /** Searches for words; none end the search. A step is 0 for the first place, 1 for the next, -1 for the last. */
    static void find(String label, String words, int step) {
        PageView page = SHOWN.get(label);
        if (page == null) {
            return;
        }
        if (words.isEmpty()) {
            page.clearMatches();
        } else if (step == 0) {
            page.findAllAsync(words);
        } else {
            page.findNext(step > 0);
        }
    }

    /** Shows a page larger or smaller: its text, as Android does it. */
    static void setZoom(String label, int percent) {
        PageView page = SHOWN.get(label);
        if (page != null) {
            page.getSettings().setTextZoom(percent);
        }
    }

    /** Gives the bar another height. */
    static void fit(String label, int height) {
        PageView page = SHOWN.get(label);
        if (page != null) {
            page.setBarHeight(height);
        }
    }

    // What the core answers and is told; it registers these when it opens the first page.

    static native boolean mayGo(String label, String address, boolean wholePage, boolean byPerson);

    static native boolean trusts(String host, byte[] certificate);

    static native String[] answer(String host);

    static native void onStarted(String label);

    static native void onChanged(
            String label, String address, String title, boolean loading, boolean back, boolean forward);

    static native void onFailed(String label, String address);

    static native void onDownload(String label, String address);

    static native void onFound(String label, int count);

    static native void onTouched();
}
