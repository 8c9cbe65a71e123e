// Generated from crates/client/src/view.rs by `cargo test -p latchgate-client`. Do not edit.

/**
 * Everything that the screens show, as one snapshot.
 */
export type AppView = { 
/**
 * Which screen is shown.
 */
screen: Screen, 
/**
 * The paired company, absent before a pairing.
 */
profile: ProfileView | null, 
/**
 * The three lights and what is wrong.
 */
status: StatusView, 
/**
 * The catalogue, empty while locked.
 */
sites: Array<SiteView>, 
/**
 * How the company wants to look, absent while locked.
 */
brand: BrandView | null, 
/**
 * The pages that the person kept or was on last, empty while locked.
 */
kept: KeptView, 
/**
 * Whether this system's keychain can be used.
 */
keychain: KeychainState, 
/**
 * What holds for this profile: what the person chose, or what the company requires where that is stricter.
 */
settings: Settings, 
/**
 * What opens the vault.
 */
method: UnlockMethod, 
/**
 * Whether a finger or a face opens a vault with a passphrase, too.
 */
bound: boolean, 
/**
 * What the company requires of the settings.
 */
required: RequiredView, 
/**
 * What there is to say about a company that does not answer.
 */
away: AwayView | null, 
/**
 * Why a pairing that was here is gone, until the next one.
 */
ended: Failure | null, };

/**
 * What an app with several companies shows: one of them whole, and all of them by name.
 */
export type Snapshot = { 
/**
 * The company that is shown.
 */
app: AppView, 
/**
 * Every company, in a steady order.
 */
companies: Array<CompanyView>, };

/**
 * One company among several.
 */
export type CompanyView = { 
/**
 * The name of its profile on this device.
 */
profile: string, 
/**
 * What it is called, empty before it said so.
 */
company: string, 
/**
 * The gateway's host.
 */
gatewayHost: string, 
/**
 * How far it is.
 */
state: CompanyState, 
/**
 * Whether it answers.
 */
light: Light, 
/**
 * Whether it is the one that is shown.
 */
shown: boolean, };

/**
 * How far a company is.
 */
export type CompanyState = "new" | "pairing" | "locked" | "open";

/**
 * The screen that the state asks for.
 */
export type Screen = { "kind": "welcome" } | { "kind": "pairing", 
/**
 * How far it is.
 */
progress: PairingProgress, } | { "kind": "locked", 
/**
 * Wrong tries since the last right one.
 */
failedAttempts: number, 
/**
 * How long the next try has to wait.
 */
retryAfterSeconds: number | null, 
/**
 * How many tries are left before the keys are erased, where that was chosen.
 */
triesLeft: number | null, 
/**
 * What opens the vault.
 */
method: UnlockMethod, 
/**
 * Why it is closed.
 */
cause: LockCause, } | { "kind": "unlocking" } | { "kind": "portal" };

/**
 * How far a pairing is.
 */
export type PairingProgress = { 
/**
 * The step that is under way, or at which it stopped.
 */
step: PairingStep, 
/**
 * The code that both screens show, once known.
 */
checkCode: string | null, 
/**
 * Why it stopped.
 */
failure: Failure | null, 
/**
 * Whether it can go on from where it stopped, without a new code.
 */
resumable: boolean, };

/**
 * The steps of a pairing, in order.
 */
export type PairingStep = "checking" | "claiming" | "connecting" | "exchanging" | "confirming" | "done";

/**
 * A failure as people read it.
 */
export type Failure = { 
/**
 * A stable name, such as `code-used`.
 */
code: string, 
/**
 * What happened.
 */
message: string, 
/**
 * What to do.
 */
advice: string, };

/**
 * The paired company and this device, as people know them.
 */
export type ProfileView = { 
/**
 * The company's name.
 */
company: string, 
/**
 * The person that the company linked this device to.
 */
person: string | null, 
/**
 * What this device is called.
 */
deviceLabel: string, 
/**
 * The gateway's host.
 */
gatewayHost: string, 
/**
 * The fingerprint of the company's key.
 */
companyFingerprint: string, };

/**
 * The three lights, and what is wrong.
 */
export type StatusView = { 
/**
 * This device's network.
 */
internet: Light, 
/**
 * The gateway.
 */
gateway: Light, 
/**
 * The company's connector, by the age of the last answered ping inside the sealed tunnel.
 */
company: Light, 
/**
 * What is wrong, most urgent first.
 */
failure: Failure | null, 
/**
 * When the company last answered inside the sealed tunnel, in Unix seconds; absent before the first answer
 * since the vault was opened.
 */
answered: number | null, };

/**
 * One light.
 */
export type Light = "unknown" | "good" | "waiting" | "bad";

/**
 * One site of the catalogue.
 */
export type SiteView = { 
/**
 * What people call it.
 */
name: string, 
/**
 * Its public address.
 */
url: string, 
/**
 * An emoji or a `data:` URL.
 */
icon: string | null, 
/**
 * The heading that it stands under.
 */
group: string | null, 
/**
 * Whether the company reached it when somebody last asked for it; absent before that.
 */
reachable: boolean | null, };

/**
 * How a company wants to look.
 */
export type BrandView = { 
/**
 * Its colour, as `#rrggbb`.
 */
accent: string | null, 
/**
 * Its sign, as a `data:` URL of a picture.
 */
logo: string | null, 
/**
 * A line of the administrator.
 */
note: string | null, };

/**
 * Pages of the company's sites.
 */
export type KeptView = { 
/**
 * Those that the person pinned, in the order of pinning.
 */
pinned: Array<PageLink>, 
/**
 * Those that were opened last and are not pinned, the newest first.
 */
recent: Array<PageLink>, };

/**
 * One page of a site.
 */
export type PageLink = { 
/**
 * Its whole address.
 */
url: string, 
/**
 * What it calls itself.
 */
title: string, 
/**
 * The name of its site.
 */
site: string, 
/**
 * The icon of its site.
 */
icon: string | null, };

/**
 * What the pages of a company moved in one month.
 */
export type UsageMonth = { 
/**
 * Year and month (UTC), as `2026-11`.
 */
month: string, 
/**
 * Its sites, the one that moved most first.
 */
sites: Array<SiteUsage>, };

/**
 * What the pages of one site moved in a month: contents, without what carries them.
 */
export type SiteUsage = { 
/**
 * What people call the site; its host where it is not in the catalogue any more.
 */
name: string, 
/**
 * Its address.
 */
url: string, 
/**
 * Bytes from this device.
 */
sent: number, 
/**
 * Bytes to this device.
 */
received: number, };

/**
 * One of the person's own devices.
 */
export type DeviceView = { 
/**
 * Names it to `revoke_device`, `confirm_device` and `deny_device`.
 */
id: string, 
/**
 * What it calls itself.
 */
label: string, 
/**
 * How far it is.
 */
state: DeviceState, 
/**
 * Whether it is this one.
 */
this: boolean, 
/**
 * When it was invited, in Unix seconds.
 */
invited: number, 
/**
 * The code to compare with the new device's screen, while it waits and may be confirmed here.
 */
checkCode: string | null, };

/**
 * How far one of the person's own devices is.
 */
export type DeviceState = "unconfirmed" | "active" | "revoked" | "wipePending" | "wiped" | "other";

/**
 * What a pairing code says before anything is sent.
 */
export type CodeView = { 
/**
 * The gateway's host.
 */
gatewayHost: string, 
/**
 * The fingerprint of the company's key.
 */
companyFingerprint: string, 
/**
 * Whether it has expired by this device's clock; the server decides.
 */
expired: boolean, 
/**
 * Whether it was printed, so that the check code must be compared.
 */
printed: boolean, };

/**
 * Whether this system's keychain can be used.
 */
export type KeychainState = "available" | "absent" | "locked" | "denied" | "corrupt";

/**
 * What opens the vault.
 */
export type UnlockMethod = "passphrase" | "biometric" | "fileKey" | "none";

/**
 * Why a vault is closed.
 */
export type LockCause = "start" | "person" | "idle" | "screen" | "sleep" | "contact";

/**
 * What a person chooses for a profile. It lies beside the vault in the clear, and changes only while the vault
 * is open.
 */
export type Settings = { 
/**
 * Locks after this many minutes without use; `None` never does.
 */
lockAfterMinutes: number | null, 
/**
 * Locks when the system's screen is locked.
 */
lockWithScreen: boolean, 
/**
 * Erases the keys after this many wrong passphrases in a row; `None` only lets them wait longer.
 */
eraseAfterTries: number | null, 
/**
 * Allows backups: files that are this device to whoever has them and their passphrase.
 */
backups: boolean, 
/**
 * Keeps the logins of pages over a lock, sealed under the keys of the vault.
 */
keepLogins: boolean, 
/**
 * Remembers the pages that were opened last.
 */
keepRecent: boolean, 
/**
 * Moves less: sites are asked for less, and the company is asked less often.
 */
lowData: boolean, 
/**
 * How large pages are shown that the person has not made larger or smaller, in percent.
 */
textSize: number, };

/**
 * What a company requires of what a person chooses; absent is not required.
 */
export type RequiredView = { 
/**
 * The longest time without use, in minutes.
 */
lockAfterMinutes: number | null, 
/**
 * The most wrong passphrases before the keys are erased.
 */
eraseAfterTries: number | null, };

/**
 * A company that has not answered for long, by its own rules.
 */
export type AwayView = { 
/**
 * Whole days since its last answer.
 */
days: number, 
/**
 * Whether pages wait for its next one.
 */
waiting: boolean, 
/**
 * In how many whole days this device erases itself, where that is near.
 */
erasesInDays: number | null, };
