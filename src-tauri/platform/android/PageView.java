package org.latchgate.app;

import android.annotation.SuppressLint;
import android.graphics.Bitmap;
import android.net.Uri;
import android.net.http.SslCertificate;
import android.net.http.SslError;
import android.os.Bundle;
import android.os.Message;
import android.view.MotionEvent;
import android.view.View;
import android.view.WindowInsets;
import android.webkit.GeolocationPermissions;
import android.webkit.HttpAuthHandler;
import android.webkit.PermissionRequest;
import android.webkit.RenderProcessGoneDetail;
import android.webkit.SslErrorHandler;
import android.webkit.ValueCallback;
import android.webkit.WebChromeClient;
import android.webkit.WebResourceError;
import android.webkit.WebResourceRequest;
import android.webkit.WebSettings;
import android.webkit.WebView;
import android.webkit.WebViewClient;
import android.widget.FrameLayout;

/**
 * An intranet page: a plain web view without any interface to the app.
 *
 * What it asks is answered by the app's core through {@link Pages}; what it may not do is refused here.
 */
@SuppressLint({"SetJavaScriptEnabled", "ViewConstructor"})
final class PageView extends WebView {
    /** The key under which a certificate keeps its bytes when it is saved. */
    private static final String CERTIFICATE = "x509-certificate";

    final String label;
    private final PageActivity activity;
    private final View bar;
    private int barHeight;

    PageView(PageActivity activity, View bar, String label) {
        super(activity);
        this.activity = activity;
        this.bar = bar;
        this.label = label;
        WebSettings settings = getSettings();
        settings.setJavaScriptEnabled(true);
        settings.setDomStorageEnabled(true);
        settings.setDatabaseEnabled(true);
        settings.setSupportMultipleWindows(true);
        settings.setJavaScriptCanOpenWindowsAutomatically(false);
        settings.setBuiltInZoomControls(true);
        settings.setDisplayZoomControls(false);
        settings.setUseWideViewPort(true);
        settings.setLoadWithOverviewMode(true);
        settings.setMediaPlaybackRequiresUserGesture(true);
        settings.setAllowFileAccess(false);
        settings.setAllowContentAccess(false);
        settings.setGeolocationEnabled(false);
        settings.setMixedContentMode(WebSettings.MIXED_CONTENT_NEVER_ALLOW);
        // Would tell Google which addresses are opened.
        settings.setSafeBrowsingEnabled(false);
        setWebViewClient(new Client());
        setWebChromeClient(new Chrome());
        setDownloadListener((url, agent, disposition, type, length) -> Pages.onDownload(label, url));
        setFindListener((active, count, done) -> {
            if (done) {
                Pages.onFound(label, count);
            }
        });
    }

    /** Gives the bar another height, in pixels as pages count them. */
    void setBarHeight(int height) {
        barHeight = Math.round(height * getResources().getDisplayMetrics().density);
        requestApplyInsets();
        place(getRootWindowInsets());
    }

    @Override
    public WindowInsets onApplyWindowInsets(WindowInsets insets) {
        place(insets);
        return insets;
    }

    /** Divides what the system leaves of the screen between the bar and the page. */
    private void place(WindowInsets insets) {
        int top = insets == null ? 0 : insets.getSystemWindowInsetTop();
        int bottom = insets == null ? 0 : insets.getSystemWindowInsetBottom();
        int left = insets == null ? 0 : insets.getSystemWindowInsetLeft();
        int right = insets == null ? 0 : insets.getSystemWindowInsetRight();
        int whole = FrameLayout.LayoutParams.MATCH_PARENT;
        FrameLayout.LayoutParams above = new FrameLayout.LayoutParams(whole, barHeight);
        above.setMargins(left, top, right, 0);
        bar.setLayoutParams(above);
        FrameLayout.LayoutParams below = new FrameLayout.LayoutParams(whole, whole);
        below.setMargins(left, top + barHeight, right, bottom);
        setLayoutParams(below);
    }

    @Override
    public boolean dispatchTouchEvent(MotionEvent event) {
        if (event.getActionMasked() == MotionEvent.ACTION_DOWN) {
            Pages.onTouched();
        }
        return super.dispatchTouchEvent(event);
    }

    private void report(boolean loading) {
        Pages.onChanged(label, text(getUrl()), text(getTitle()), loading, canGoBack(), canGoForward());
    }

    private static String text(String text) {
        return text == null ? "" : text;
    }

    /** What the engine asks about loads. */
    private final class Client extends WebViewClient {
        @Override
        public boolean shouldOverrideUrlLoading(WebView view, WebResourceRequest request) {
            return !Pages.mayGo(label, request.getUrl().toString(), request.isForMainFrame(), request.hasGesture());
        }

        @Override
        public void onPageStarted(WebView view, String address, Bitmap icon) {
            // A form that is sent, and what a script loads, is not asked about before.
            if (!Pages.mayGo(label, address, true, false)) {
                stopLoading();
                return;
            }
            Pages.onStarted(label);
            report(true);
        }

        @Override
        public void onPageFinished(WebView view, String address) {
            report(false);
        }

        @Override
        public void doUpdateVisitedHistory(WebView view, String address, boolean again) {
            report(getProgress() < 100);
        }

        @Override
        public void onReceivedError(WebView view, WebResourceRequest request, WebResourceError error) {
            if (request.isForMainFrame()) {
                Pages.onFailed(label, request.getUrl().toString());
            }
        }

        @Override
        public void onReceivedHttpAuthRequest(WebView view, HttpAuthHandler handler, String host, String realm) {
            // A second question means that the first answer was wrong.
            String[] answer = handler.useHttpAuthUsernamePassword() ? Pages.answer(host) : null;
            if (answer == null) {
                handler.cancel();
            } else {
                handler.proceed(answer[0], answer[1]);
            }
        }

        @Override
        public void onReceivedSslError(WebView view, SslErrorHandler handler, SslError error) {
            Bundle saved = SslCertificate.saveState(error.getCertificate());
            byte[] shown = saved == null ? null : saved.getByteArray(CERTIFICATE);
            String host = Uri.parse(error.getUrl()).getHost();
            if (shown != null && host != null && Pages.trusts(host, shown)) {
                handler.proceed();
            } else {
                handler.cancel();
            }
        }

        @Override
        public boolean onRenderProcessGone(WebView view, RenderProcessGoneDetail detail) {
            Pages.onFailed(label, "");
            activity.finish();
            return true;
        }
    }

    /** What the engine asks about everything else. */
    private final class Chrome extends WebChromeClient {
        @Override
        public void onReceivedTitle(WebView view, String title) {
            report(getProgress() < 100);
        }

        @Override
        public void onPermissionRequest(PermissionRequest request) {
            request.deny();
        }

        @Override
        public void onGeolocationPermissionsShowPrompt(String origin, GeolocationPermissions.Callback callback) {
            callback.invoke(origin, false, false);
        }

        @Override
        public boolean onShowFileChooser(WebView view, ValueCallback<Uri[]> callback, FileChooserParams wishes) {
            return activity.chooseFiles(callback, wishes);
        }

        /** A window that a page opens is the page itself going there: a passing view finds out where to. */
        @Override
        public boolean onCreateWindow(WebView view, boolean dialog, boolean gesture, Message result) {
            if (!gesture) {
                return false;
            }
            WebView passing = new WebView(activity);
            passing.setWebViewClient(new WebViewClient() {
                @Override
                public boolean shouldOverrideUrlLoading(WebView from, WebResourceRequest request) {
                    return turn(from, request.getUrl().toString());
                }

                @Override
                public void onPageStarted(WebView from, String address, Bitmap icon) {
                    turn(from, address);
                }
            });
            ((WebView.WebViewTransport) result.obj).setWebView(passing);
            result.sendToTarget();
            return true;
        }

        private boolean turn(WebView passing, String address) {
            passing.stopLoading();
            passing.post(passing::destroy);
            if (Pages.mayGo(label, address, true, true)) {
                loadUrl(address);
            }
            return true;
        }

        @Override
        public void onCloseWindow(WebView view) {
            activity.finish();
        }
    }
}
