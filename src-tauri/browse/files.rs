//! What a file from a page may be called, where it goes, and whether it is asked about first.
//!
//! 1. The engine suggests a name (RFC 6266, the `download` attribute, the address). [`harmless_name`] takes away what
//!    could lead it out of its folder, hide it, or make it look like another one.
//! 2. While it arrives it has a name of its own beside the last one ([`part_path`]), so that nobody opens half a file.
//! 3. [`keep`] gives it its name and never takes another file's place.

use std::fs::{File, remove_file, rename};
use std::io;
use std::path::{Path, PathBuf};

/// The longest name of a file, in bytes of UTF-8: systems take 255, and endings of the app's own come behind it.
const LONGEST_NAME: usize = 200;
/// What the name of an unfinished file ends with.
const PART: &str = "part";

/// Files that can take a device over when they are opened: programs, installers, scripts, and what starts them.
const PROGRAMS: &[&str] = &[
    "apk",
    "app",
    "appimage",
    "appx",
    "appxbundle",
    "bash",
    "bat",
    "cmd",
    "com",
    "command",
    "cpl",
    "deb",
    "desktop",
    "dll",
    "dmg",
    "exe",
    "gadget",
    "hta",
    "inf",
    "ipa",
    "iso",
    "jar",
    "jnlp",
    "js",
    "jse",
    "lnk",
    "msc",
    "msi",
    "msix",
    "msp",
    "pif",
    "pkg",
    "ps1",
    "psm1",
    "py",
    "reg",
    "rpm",
    "run",
    "scf",
    "scr",
    "sct",
    "service",
    "settingcontent-ms",
    "sh",
    "snap",
    "so",
    "url",
    "vb",
    "vbe",
    "vbs",
    "webloc",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "xpi",
    "zsh",
];

/// The same by the type that the site names, for files without a telling name.
const PROGRAM_TYPES: &[&str] = &[
    "application/java-archive",
    "application/vnd.android.package-archive",
    "application/vnd.debian.binary-package",
    "application/vnd.microsoft.portable-executable",
    "application/x-apple-diskimage",
    "application/x-dosexec",
    "application/x-elf",
    "application/x-executable",
    "application/x-desktop",
    "application/x-msdos-program",
    "application/x-msdownload",
    "application/x-msi",
    "application/x-rpm",
    "application/x-sh",
    "application/x-sharedlib",
    "application/x-shellscript",
    "text/x-sh",
];

/// What is done about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is saved.
    Document,
    /// It could take the device over: the person is asked first, and it is never opened from here.
    Program,
}

/// Judges a file by its harmless name and by the type that the site names.
pub(crate) fn kind(name: &str, media_type: &str) -> Kind {
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (_, extension) = split(name);
    let is_program = PROGRAMS.binary_search(&extension.to_ascii_lowercase().as_str()).is_ok();
    if is_program || PROGRAM_TYPES.contains(&media_type.as_str()) { Kind::Program } else { Kind::Document }
}

/// Removes what could lead a name out of its folder, hide it, or make it look like another one.
pub(crate) fn harmless_name(suggested: &str) -> String {
    let last = suggested.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|character| !character.is_control() && !is_invisible(*character) && !r#"<>:"|?*"#.contains(*character))
        .collect();
    let trimmed = kept.trim_start_matches(['.', ' ', '-']).trim_end_matches(['.', ' ']);
    let short = shorten(trimmed);
    let stem = short.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let is_port =
        |number: &str| matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³");
    let is_device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT")).is_some_and(is_port);
    match short.as_str() {
        "" => "download".to_owned(),
        _ if is_device => format!("file {short}"),
        _ => short,
    }
}

/// Cuts the stem, so that the ending still says what the file is.
fn shorten(name: &str) -> String {
    let excess = name.len().saturating_sub(LONGEST_NAME);
    if excess == 0 {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let (stem, ending) = if extension.len() < 32 { (stem, extension) } else { (name, "") };
    let mut end = stem.len().saturating_sub(excess);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let stem = stem[..end].trim_end_matches(['.', ' ']);
    if ending.is_empty() { stem.to_owned() } else { format!("{stem}.{ending}") }
}

/// Splits a name into its stem and what follows the last dot.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).unwrap_or((name, ""))
}

/// Characters that change the direction or the look of the text around them.
const fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns where an unfinished file of this name may be written: nothing lies there.
pub(crate) fn part_path(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.join(format!("{name}.{PART}"));
    for copy in 1.. {
        if path.symlink_metadata().is_err() {
            break;
        }
        path = folder.join(format!("{name}.{copy}.{PART}"));
    }
    path
}

/// Gives a finished file its name, or the next free one, and returns it.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn keep(part: &Path, folder: &Path, name: &str) -> io::Result<PathBuf> {
    // Made first, so that the name is nobody else's: only an empty file of our own is replaced.
    let (path, _) = take_name(folder, name, |path| File::create_new(path))?;
    rename(part, &path).inspect_err(|_| drop(remove_file(&path)))?;
    Ok(path)
}

/// Makes a file of this name, or of the next one that is free; `make` must refuse where something lies already.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn take_name(
    folder: &Path,
    name: &str,
    make: impl Fn(&Path) -> io::Result<File>,
) -> io::Result<(PathBuf, File)> {
    let (stem, extension) = split(name);
    let dot = if extension.is_empty() { "" } else { "." };
    let mut path = folder.join(name);
    let mut copy = 0;
    loop {
        match make(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        copy += 1;
        path = folder.join(format!("{stem} ({copy}){dot}{extension}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder_or_hide_what_it_is() {
        assert_eq!(harmless_name("../../.bashrc"), "bashrc");
        assert_eq!(harmless_name("..\\..\\run.bat"), "run.bat");
        assert_eq!(harmless_name("/etc/passwd"), "passwd");
        assert_eq!(harmless_name(".."), "download");
        assert_eq!(harmless_name(""), "download");
        assert_eq!(harmless_name("-rf"), "rf");
        assert_eq!(harmless_name("invoice\u{202e}fdp.exe"), "invoicefdp.exe");
        assert_eq!(harmless_name("a\u{61c}\u{2066}b\u{e0041}.txt"), "ab.txt");
        assert_eq!(harmless_name("a\r\nb\0c.txt"), "abc.txt");
        assert_eq!(harmless_name("notes.pdf. . "), "notes.pdf");
        assert_eq!(harmless_name("C:\\fakepath\\Übersicht 2026.ods"), "Übersicht 2026.ods");
    }

    #[test]
    fn names_that_a_system_keeps_for_itself_get_another_beginning() {
        for reserved in ["nul.txt", "CON", "com1.log", "LPT².x", "aux .txt"] {
            assert_eq!(harmless_name(reserved), format!("file {reserved}"));
        }
        assert_eq!(harmless_name("computer.txt"), "computer.txt");
    }

    #[test]
    fn a_long_name_keeps_its_ending_and_fits_every_system() {
        for letter in ["x", "ü", "資"] {
            let name = harmless_name(&format!("{}.pdf", letter.repeat(500)));
            assert!(name.len() <= LONGEST_NAME && name.ends_with(".pdf") && name.len() > 190, "{name}");
        }
        assert!(harmless_name(&format!("a.{}", "b".repeat(500))).len() <= LONGEST_NAME);
    }

    #[test]
    fn ab_78_programs_are_told_from_documents_by_name_and_by_type() {
        assert!(PROGRAMS.is_sorted(), "they are searched by halves");
        for name in ["setup.exe", "Update.APK", "invoice.pdf.exe", "start.desktop", "a.js", "library.so"] {
            assert_eq!(kind(name, "application/octet-stream"), Kind::Program, "{name}");
        }
        assert_eq!(kind("update", "application/vnd.android.package-archive"), Kind::Program);
        assert_eq!(kind("update.pdf", "Application/X-MSDownload; x=y"), Kind::Program);
        for name in ["report.pdf", "exe", "table.csv", "archive.zip", "picture.png", "letter.docx"] {
            assert_eq!(kind(name, "application/octet-stream"), Kind::Document, "{name}");
        }
    }

    #[test]
    fn a_finished_file_never_replaces_another_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("report.pdf"), "first").unwrap();
        std::fs::write(folder.path().join("report (1).pdf"), "second").unwrap();
        let part = part_path(folder.path(), "report.pdf");
        std::fs::write(&part, "third").unwrap();
        assert_ne!(part_path(folder.path(), "report.pdf"), part);
        let kept = keep(&part, folder.path(), "report.pdf").unwrap();
        assert_eq!(kept, folder.path().join("report (2).pdf"));
        assert_eq!(std::fs::read_to_string(kept).unwrap(), "third");
        assert_eq!(std::fs::read_to_string(folder.path().join("report.pdf")).unwrap(), "first");
        assert!(!part.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_lies_in_the_folder_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        std::os::unix::fs::symlink(&outside, folder.path().join("report.pdf")).unwrap();
        std::os::unix::fs::symlink(&outside, folder.path().join("report.pdf.part")).unwrap();
        let part = part_path(folder.path(), "report.pdf");
        std::fs::write(&part, "content").unwrap();
        let kept = keep(&part, folder.path(), "report.pdf").unwrap();
        assert_eq!(kept, folder.path().join("report (1).pdf"));
        assert!(!outside.exists());
    }
}
