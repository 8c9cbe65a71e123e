/**
 * What can fail, in English, by the code of the failure: the words of crates/client/src/failure.rs and src-tauri.
 * A test compares them.
 */
export const failures = {
  "code-empty": {
    message: "There is no pairing code in what you entered.",
    advice: "Scan the code that your company shows, or paste its whole text.",
  },
  "code-not-a-code": {
    message: "This is not a Latchgate pairing code.",
    advice: "A pairing code begins with LG1: and comes from your company. Scan that one.",
  },
  "code-foreign-version": {
    message: "This pairing code was made for another version of Latchgate.",
    advice: "Update this app, or ask your company for a code for this version.",
  },
  "code-truncated": {
    message: "A part of the pairing code is missing.",
    advice: "Copy the whole text, from LG1: to the end, or scan the picture.",
  },
  "code-damaged": {
    message: "The pairing code is damaged: at least one character is wrong.",
    advice: "Scan the picture, or copy the text again without changing it.",
  },
  "code-too-long": {
    message: "What you entered is longer than a pairing code.",
    advice: "Copy the code alone, from LG1: to its end.",
  },
  "code-gateway": {
    message: "The pairing code names a gateway address that is not safe to use.",
    advice: "Nothing was sent. Ask your company whether the code is really theirs.",
  },
  "code-expired": {
    message: "The pairing code has expired.",
    advice: "Ask your company for a new code and use it at once.",
  },
  "code-used": {
    message: "The pairing code has already been used by another device.",
    advice: "If that was not you, tell your company at once: somebody may have copied it. Then ask for a new code.",
  },
  "device-unknown": {
    message: "You have no such device, or it is not in a state for this.",
    advice: "Look at the list of your devices again.",
  },
  "check-code-differs": {
    message: "This is not the check code of the new device.",
    advice: "If its screen really shows this code, do not confirm it: deny it and tell your company.",
  },
  "code-gone": {
    message: "The pairing code has been used, was withdrawn, or never existed.",
    advice: "If you have not used it yourself, tell your company at once: somebody may have copied it. Then ask for a new code.",
  },
  "code-refused": {
    message: "Your company does not take this pairing code any more: it has expired, was withdrawn, or belongs to another device.",
    advice: "Ask your company for a new code.",
  },
  "clock-skew": {
    message: "The pairing code looks expired, and the clock of this device may be wrong.",
    advice: "Check date and time on this device. If they are right, ask your company for a new code.",
  },
  "picture-no-code": {
    message: "No pairing code was found in the picture.",
    advice: "Take the picture again: the whole code, sharp, without reflections. Or paste the code’s text.",
  },
  "picture-unreadable": {
    message: "The picture cannot be read.",
    advice: "Use a PNG, JPEG, WebP, BMP or GIF picture of at most 12 megapixels.",
  },
  "already-paired": {
    message: "This device is already paired.",
    advice: "Remove the present pairing first, or use another profile.",
  },
  "not-paired": {
    message: "This device is not paired.",
    advice: "Pair it first, with a code from your company.",
  },
  "pairing-unfinished": {
    message: "A pairing was begun here and is not finished.",
    advice: "Continue it, or cancel it before you begin another one.",
  },
  "pairing-cancelled": {
    message: "The pairing was cancelled.",
    advice: "Nothing is kept on this device. Ask your company for a new code to try again.",
  },
  "pairing-refused": {
    message: "The company’s connector did not accept this pairing.",
    advice: "The code may have been withdrawn. Ask your company for a new one.",
  },
  "no-network": {
    message: "This device has no connection to the internet.",
    advice: "Check Wi-Fi, mobile data or the cable. Latchgate tries again by itself.",
  },
  dns: {
    message: "The name of the gateway was not found.",
    advice: "Check the network. On a company or hotel network, ask whether it blocks the gateway’s name.",
  },
  "tls-intercepted": {
    message: "Something between this device and the gateway answers in the gateway’s place.",
    advice: "Nothing was sent. Use another network, or turn off the program that inspects connections.",
  },
  "certificate-date": {
    message: "The gateway’s certificate is not valid at the date that this device shows.",
    advice: "Check date and time on this device. If they are right, tell your company.",
  },
  "roots-unreadable": {
    message: "The given certificate authority cannot be read.",
    advice: "Give a PEM file that holds at least one certificate.",
  },
  "captive-portal": {
    message: "This network shows its own sign-in page first.",
    advice: "Open any web page in a browser, sign in to the network, and come back.",
  },
  "proxy-auth": {
    message: "The proxy of this network asks for a user name and a password.",
    advice: "Enter them in the system’s proxy settings, or use another network.",
  },
  "gateway-down": {
    message: "The gateway cannot be reached.",
    advice: "Latchgate tries again by itself. If it lasts, ask your company.",
  },
  "gateway-busy": {
    message: "The gateway is busy and asks to wait.",
    advice: "Latchgate tries again by itself in a moment.",
  },
  "gateway-incompatible": {
    message: "The gateway answers in a way that this app does not understand.",
    advice: "Update this app. If it is up to date, ask your company.",
  },
  "connector-offline": {
    message: "The gateway is reached, but your company’s connector is not connected to it.",
    advice: "Latchgate tries again by itself. If it lasts, tell your company.",
  },
  "connector-silent": {
    message: "Your company’s connector is connected but does not answer.",
    advice: "Latchgate tries again by itself. If it lasts, tell your company.",
  },
  "taken-over": {
    message: "Another copy of this device has connected in its place.",
    advice: "If you did not copy this device’s data, tell your company at once.",
  },
  revoked: {
    message: "The gateway does not let this device in any more.",
    advice: "Ask your company. If they removed this device, remove the pairing here and pair again.",
  },
  removed: {
    message: "Your company has removed this device. Its keys and what it kept of the company were erased here.",
    advice: "If you did not expect that, ask your company. With a new code from them you can pair again.",
  },
  "key-unknown": {
    message: "The company’s connector does not know the key of this device.",
    advice: "Latchgate tries again by itself. If it lasts, ask your company for a new code.",
  },
  "not-confirmed": {
    message: "Your company has not approved this device yet.",
    advice: "Read the check code to your administrator. Latchgate continues as soon as it is approved.",
  },
  suspended: {
    message: "Your company has suspended your access.",
    advice: "Ask your administrator.",
  },
  "wrong-passphrase": {
    message: "This passphrase does not open the vault.",
    advice: "Try again. After several wrong tries, each next one has to wait longer.",
  },
  "bound-key-changed": {
    message: "The fingers or faces that this device knows have changed, so that they do not unlock Latchgate any more.",
    advice: "Unlock with your passphrase. Your finger or face works again afterwards.",
  },
  "bound-key-lost": {
    message: "The fingers or faces that this device knows have changed, and nothing else unlocks this pairing.",
    advice: "Nothing was deleted. Ask your company for a new code, remove the pairing here, and pair again.",
  },
  "wrong-file-key": {
    message: "The key in the file does not open the vault of this profile.",
    advice: "Use the file that was named when this device was paired.",
  },
  "too-many-attempts": {
    message: "There were too many wrong tries.",
    advice: "Wait until the time shown has passed, then try again.",
  },
  "erased-after-tries": {
    message: "There were too many wrong tries, and the keys on this device were erased, as you or your company had chosen.",
    advice: "Ask your company for a new code and pair this device again.",
  },
  "too-many-companies": {
    message: "This app is paired with as many companies as it can hold.",
    advice: "Remove one that you do not need any more.",
  },
  "bad-setting": {
    message: "This setting is outside of what can be chosen.",
    advice: "Choose one of the values that are offered.",
  },
  "backups-off": {
    message: "Backups are turned off for this profile.",
    advice: "Turn them on first. Whoever has a backup and its passphrase is this device.",
  },
  "backup-unreadable": {
    message: "This file is not a backup that this version can read.",
    advice: "Choose the file that was saved as a backup, or update this app.",
  },
  "backup-passphrase": {
    message: "This passphrase does not open the backup, or the file is damaged.",
    advice: "Try again with the passphrase that was chosen for this backup.",
  },
  "weak-passphrase": {
    message: "The passphrase is too short.",
    advice: "Use at least 8 characters; several words are best.",
  },
  "wrong-method": {
    message: "The vault of this profile is opened in another way.",
    advice: "Use the method that was chosen when the device was paired.",
  },
  locked: {
    message: "Latchgate is locked.",
    advice: "Unlock it first.",
  },
  "vault-absent": {
    message: "The keys of this profile are not there.",
    advice: "Remove the pairing here and pair again with a new code.",
  },
  "keychain-absent": {
    message: "This system offers no keychain to keep the keys in.",
    advice: "Choose a passphrase instead, or install and start a keychain (on Linux: a Secret Service).",
  },
  "keychain-locked": {
    message: "The keychain of this system is locked.",
    advice: "Unlock it and try again. Nothing was lost.",
  },
  "keychain-denied": {
    message: "The keychain of this system does not let Latchgate in.",
    advice: "Allow Latchgate in the keychain’s settings, or choose a passphrase.",
  },
  "keychain-corrupt": {
    message: "What the keychain returns is damaged, so that keys that are kept in it cannot be read.",
    advice: "Nothing was deleted. Restore the keychain from a backup of this system, or remove the pairing and pair again.",
  },
  "storage-failed": {
    message: "The keys could not be written on this device.",
    advice: "Free some space, check that the folder can be written, and try again.",
  },
  "no-randomness": {
    message: "This system provides no secure random numbers.",
    advice: "Restart the device and try again.",
  },
  "proxy-credentials": {
    message: "Latchgate’s connection point on this device asks for its user name and password.",
    advice: "Use those that were shown when it was last opened; they change at each unlock.",
  },
  "site-not-allowed": {
    message: "Your company does not share this address with you.",
    advice: "Open a site from the portal, or ask your administrator for access.",
  },
  "site-unknown": {
    message: "Your company’s connector does not know this site.",
    advice: "Go back to the portal and choose the site again.",
  },
  "upstream-unreachable": {
    message: "Your company was reached, but the site itself does not answer.",
    advice: "Try again in a moment. If it lasts, tell your administrator.",
  },
  "upstream-certificate": {
    message: "Your company was reached, but the site’s certificate is not valid.",
    advice: "Tell your administrator; nothing was sent to the site.",
  },
  "upstream-timeout": {
    message: "The site took too long to answer.",
    advice: "Try again in a moment. If it lasts, tell your administrator.",
  },
  "bad-request": {
    message: "The request cannot be served.",
    advice: "Go back and try again.",
  },
  "tunnel-down": {
    message: "The connection to your company is interrupted.",
    advice: "Latchgate is connecting again. Reload the page in a moment.",
  },
  "proxy-failed": {
    message: "Latchgate could not open its connection point for the browser on this device.",
    advice: "Close other copies of Latchgate, or choose another port, and unlock again.",
  },
  "not-a-web-server": {
    message: "This address belongs to Latchgate and is not a web site.",
    advice: "Open your company’s sites from the portal.",
  },
  unavailable: {
    message: "This is not available here.",
    advice: "Update the app, or use another device.",
  },
  internal: {
    message: "Something went wrong inside Latchgate.",
    advice: "Restart the app. If it happens again, please report it.",
  },

  // The app on this device
  "camera-none": {
    message: "No camera was found on this device.",
    advice: "Choose a picture of the code, or paste its text.",
  },
  "camera-refused": {
    message: "The camera cannot be used.",
    advice: "Close other programs that use it and allow Latchgate to use the camera, or choose a picture.",
  },
  "camera-silent": {
    message: "The camera does not answer.",
    advice: "Unplug it and plug it in again, or choose a picture of the code.",
  },
  "camera-stopped": {
    message: "The camera was switched off.",
    advice: "Start it again to scan a code.",
  },
  "biometrics-refused": {
    message: "You were not recognised.",
    advice: "Try again, or use your passphrase where you have one.",
  },
  "too-many-pages": {
    message: "Too many pages are open.",
    advice: "Close some of them first.",
  },
  "no-contact": {
    message: "Your company has not answered for longer than it allows, and this device has locked.",
    advice: "Connect to the internet and unlock. Your sites open as soon as your company answers.",
  },
  "erased-without-contact": {
    message: "Your company had not answered for so long that the keys and what was kept of it were erased here, as it requires.",
    advice: "Ask your company for a new code and pair this device again.",
  },
  "required-by-company": {
    message: "Your company requires a stricter setting.",
    advice: "Choose one of the values that are offered.",
  },
  "backup-too-old": {
    message: "This backup is older than your company lets a device be without contact.",
    advice: "Ask your company for a new code and pair this device.",
  },
  "not-pinned": {
    message: "This page cannot be pinned.",
    advice: "Pages of your company’s sites can be pinned, up to 48 of them. Remove one that you do not need any more.",
  },
  "settings-unreadable": {
    message: "This file does not hold settings that this version can read.",
    advice: "Choose the file that was saved on the other device, or update this app.",
  },
  unexpected: {
    message: "Something went wrong inside Latchgate.",
    advice: "Try again. If it keeps happening, restart Latchgate.",
  },
};

export type Failures = typeof failures;
