package org.latchgate.app;

import android.content.Intent;
import android.net.Uri;
import android.view.WindowManager;
import android.webkit.ValueCallback;
import android.webkit.WebChromeClient;
import android.webkit.WebView;

import androidx.activity.OnBackPressedCallback;

/**
 * The screen of an intranet page: the app's own web view, which draws the bar, and the page below it.
 *
 * Its content stays out of pictures of the screen and of the list of recent apps. The system's gesture for back goes
 * back in the page, and from its first address to the portal.
 */
public final class PageActivity extends TauriActivity {
    private static final int CHOOSE_FILES = 7001;

    private PageView page;
    private ValueCallback<Uri[]> chosen;

    /** The bar has no history of its own. */
    @Override
    public boolean getHandleBackNavigation() {
        return false;
    }

    @Override
    public void onWebViewCreate(WebView bar) {
        getWindow().addFlags(WindowManager.LayoutParams.FLAG_SECURE);
        getOnBackPressedDispatcher().addCallback(this, new OnBackPressedCallback(true) {
            @Override
            public void handleOnBackPressed() {
                if (page != null && page.canGoBack()) {
                    page.goBack();
                } else {
                    finish();
                }
            }
        });
    }

    void show(PageView shown) {
        page = shown;
    }

    /** Lets the person choose files that a page may read. */
    boolean chooseFiles(ValueCallback<Uri[]> callback, WebChromeClient.FileChooserParams wishes) {
        if (chosen != null) {
            chosen.onReceiveValue(null);
        }
        chosen = callback;
        try {
            startActivityForResult(wishes.createIntent(), CHOOSE_FILES);
            return true;
        } catch (android.content.ActivityNotFoundException error) {
            chosen = null;
            return false;
        }
    }

    @Override
    protected void onActivityResult(int request, int result, Intent data) {
        super.onActivityResult(request, result, data);
        if (request == CHOOSE_FILES && chosen != null) {
            chosen.onReceiveValue(WebChromeClient.FileChooserParams.parseResult(result, data));
            chosen = null;
        }
    }

    @Override
    protected void onDestroy() {
        if (page != null) {
            Pages.drop(page);
            page = null;
        }
        super.onDestroy();
    }
}
