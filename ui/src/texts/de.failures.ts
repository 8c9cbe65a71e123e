import type { Failures } from "./en.failures";

/** What can fail, in German. */
export const failures: Failures = {
  "code-empty": {
    message: "In Ihrer Eingabe ist kein Kopplungscode.",
    advice: "Scannen Sie den Code, den Ihre Firma zeigt, oder fügen Sie seinen ganzen Text ein.",
  },
  "code-not-a-code": {
    message: "Das ist kein Kopplungscode von Latchgate.",
    advice: "Ein Kopplungscode beginnt mit LG1: und kommt von Ihrer Firma. Scannen Sie diesen.",
  },
  "code-foreign-version": {
    message: "Dieser Kopplungscode gehört zu einer anderen Version von Latchgate.",
    advice: "Aktualisieren Sie diese App, oder bitten Sie Ihre Firma um einen Code für diese Version.",
  },
  "code-truncated": {
    message: "Ein Teil des Kopplungscodes fehlt.",
    advice: "Kopieren Sie den ganzen Text, von LG1: bis zum Ende, oder scannen Sie das Bild.",
  },
  "code-damaged": {
    message: "Der Kopplungscode ist beschädigt: Mindestens ein Zeichen ist falsch.",
    advice: "Scannen Sie das Bild, oder kopieren Sie den Text noch einmal unverändert.",
  },
  "code-too-long": {
    message: "Ihre Eingabe ist länger als ein Kopplungscode.",
    advice: "Kopieren Sie nur den Code, von LG1: bis zu seinem Ende.",
  },
  "code-gateway": {
    message: "Der Kopplungscode nennt eine Gateway-Adresse, die nicht sicher ist.",
    advice: "Es wurde nichts gesendet. Fragen Sie Ihre Firma, ob der Code wirklich von ihr stammt.",
  },
  "code-expired": {
    message: "Der Kopplungscode ist abgelaufen.",
    advice: "Bitten Sie Ihre Firma um einen neuen Code und verwenden Sie ihn gleich.",
  },
  "code-used": {
    message: "Der Kopplungscode wurde schon von einem anderen Gerät verwendet.",
    advice: "Waren Sie das nicht, sagen Sie sofort Ihrer Firma Bescheid: Vielleicht hat jemand den Code kopiert. Bitten Sie dann um einen neuen.",
  },
  "device-unknown": {
    message: "Sie haben kein solches Gerät, oder sein Zustand lässt das nicht zu.",
    advice: "Sehen Sie noch einmal in die Liste Ihrer Geräte.",
  },
  "check-code-differs": {
    message: "Das ist nicht die Prüfzahl des neuen Geräts.",
    advice: "Zeigt sein Bildschirm wirklich diese Zahl, bestätigen Sie es nicht: Lehnen Sie es ab und sagen Sie Ihrer Firma Bescheid.",
  },
  "code-gone": {
    message: "Der Kopplungscode wurde schon verwendet, zurückgezogen oder hat nie existiert.",
    advice: "Haben Sie ihn nicht selbst verwendet, sagen Sie sofort Ihrer Firma Bescheid: Vielleicht hat jemand ihn kopiert. Bitten Sie dann um einen neuen.",
  },
  "code-refused": {
    message: "Ihre Firma nimmt diesen Kopplungscode nicht mehr an: Er ist abgelaufen, wurde zurückgezogen oder gehört zu einem anderen Gerät.",
    advice: "Bitten Sie Ihre Firma um einen neuen Code.",
  },
  "clock-skew": {
    message: "Der Kopplungscode scheint abgelaufen, und vielleicht geht die Uhr dieses Geräts falsch.",
    advice: "Prüfen Sie Datum und Uhrzeit dieses Geräts. Stimmen sie, bitten Sie Ihre Firma um einen neuen Code.",
  },
  "picture-no-code": {
    message: "Auf dem Bild ist kein Kopplungscode zu erkennen.",
    advice: "Nehmen Sie das Bild noch einmal auf: den ganzen Code, scharf, ohne Spiegelungen. Oder fügen Sie den Text des Codes ein.",
  },
  "picture-unreadable": {
    message: "Das Bild lässt sich nicht lesen.",
    advice: "Verwenden Sie ein Bild im Format PNG, JPEG, WebP, BMP oder GIF mit höchstens 12 Megapixeln.",
  },
  "already-paired": {
    message: "Dieses Gerät ist schon gekoppelt.",
    advice: "Entfernen Sie zuerst die bestehende Kopplung, oder verwenden Sie ein anderes Profil.",
  },
  "not-paired": {
    message: "Dieses Gerät ist nicht gekoppelt.",
    advice: "Koppeln Sie es zuerst, mit einem Code von Ihrer Firma.",
  },
  "pairing-unfinished": {
    message: "Hier wurde eine Kopplung begonnen und nicht beendet.",
    advice: "Setzen Sie sie fort, oder brechen Sie sie ab, bevor Sie eine neue beginnen.",
  },
  "pairing-cancelled": {
    message: "Die Kopplung wurde abgebrochen.",
    advice: "Auf diesem Gerät bleibt nichts zurück. Bitten Sie Ihre Firma für einen neuen Versuch um einen neuen Code.",
  },
  "pairing-refused": {
    message: "Der Connector Ihrer Firma hat diese Kopplung nicht angenommen.",
    advice: "Vielleicht wurde der Code zurückgezogen. Bitten Sie Ihre Firma um einen neuen.",
  },
  "no-network": {
    message: "Dieses Gerät ist nicht mit dem Internet verbunden.",
    advice: "Prüfen Sie WLAN, mobile Daten oder das Kabel. Latchgate versucht es von selbst weiter.",
  },
  dns: {
    message: "Der Name des Gateways wurde nicht gefunden.",
    advice: "Prüfen Sie das Netz. Fragen Sie in einem Firmen- oder Hotelnetz, ob es den Namen des Gateways sperrt.",
  },
  "tls-intercepted": {
    message: "Zwischen diesem Gerät und dem Gateway antwortet etwas anstelle des Gateways.",
    advice: "Es wurde nichts gesendet. Wechseln Sie das Netz, oder schalten Sie das Programm ab, das Verbindungen mitliest.",
  },
  "certificate-date": {
    message: "Das Zertifikat des Gateways ist an dem Datum, das dieses Gerät zeigt, nicht gültig.",
    advice: "Prüfen Sie Datum und Uhrzeit dieses Geräts. Stimmen sie, sagen Sie Ihrer Firma Bescheid.",
  },
  "roots-unreadable": {
    message: "Die angegebene Zertifizierungsstelle lässt sich nicht lesen.",
    advice: "Geben Sie eine PEM-Datei mit mindestens einem Zertifikat an.",
  },
  "captive-portal": {
    message: "Dieses Netz zeigt zuerst seine eigene Anmeldeseite.",
    advice: "Öffnen Sie eine beliebige Seite im Browser, melden Sie sich im Netz an und kommen Sie zurück.",
  },
  "proxy-auth": {
    message: "Der Proxy dieses Netzes verlangt Benutzernamen und Passwort.",
    advice: "Geben Sie beides in den Proxy-Einstellungen des Systems ein, oder wechseln Sie das Netz.",
  },
  "gateway-down": {
    message: "Das Gateway ist nicht erreichbar.",
    advice: "Latchgate versucht es von selbst weiter. Wenn es dauert, fragen Sie Ihre Firma.",
  },
  "gateway-busy": {
    message: "Das Gateway ist ausgelastet und bittet um Geduld.",
    advice: "Latchgate versucht es gleich von selbst weiter.",
  },
  "gateway-incompatible": {
    message: "Das Gateway antwortet auf eine Weise, die diese App nicht versteht.",
    advice: "Aktualisieren Sie diese App. Ist sie aktuell, fragen Sie Ihre Firma.",
  },
  "connector-offline": {
    message: "Das Gateway ist erreichbar, aber der Connector Ihrer Firma ist nicht mit ihm verbunden.",
    advice: "Latchgate versucht es von selbst weiter. Wenn es dauert, sagen Sie Ihrer Firma Bescheid.",
  },
  "connector-silent": {
    message: "Der Connector Ihrer Firma ist verbunden, antwortet aber nicht.",
    advice: "Latchgate versucht es von selbst weiter. Wenn es dauert, sagen Sie Ihrer Firma Bescheid.",
  },
  "taken-over": {
    message: "Eine andere Kopie dieses Geräts hat sich an seiner Stelle verbunden.",
    advice: "Haben Sie die Daten dieses Geräts nicht kopiert, sagen Sie sofort Ihrer Firma Bescheid.",
  },
  revoked: {
    message: "Das Gateway lässt dieses Gerät nicht mehr zu.",
    advice: "Fragen Sie Ihre Firma. Hat sie dieses Gerät entfernt, entfernen Sie hier die Kopplung und koppeln Sie neu.",
  },
  removed: {
    message: "Ihre Firma hat dieses Gerät entfernt. Seine Schlüssel und alles, was es von der Firma aufbewahrt hat, wurden hier gelöscht.",
    advice: "Haben Sie das nicht erwartet, fragen Sie Ihre Firma. Mit einem neuen Code von ihr können Sie neu koppeln.",
  },
  "key-unknown": {
    message: "Der Connector Ihrer Firma kennt den Schlüssel dieses Geräts nicht.",
    advice: "Latchgate versucht es von selbst weiter. Wenn es dauert, bitten Sie Ihre Firma um einen neuen Code.",
  },
  "not-confirmed": {
    message: "Ihre Firma hat dieses Gerät noch nicht freigegeben.",
    advice: "Nennen Sie Ihrer IT die Prüfzahl. Latchgate macht weiter, sobald das Gerät freigegeben ist.",
  },
  suspended: {
    message: "Ihre Firma hat Ihren Zugang gesperrt.",
    advice: "Fragen Sie Ihre IT.",
  },
  "wrong-passphrase": {
    message: "Diese Passphrase öffnet den Tresor nicht.",
    advice: "Versuchen Sie es noch einmal. Nach mehreren Fehlversuchen wird die Wartezeit jedes Mal länger.",
  },
  "bound-key-changed": {
    message: "Die Finger oder Gesichter, die dieses Gerät kennt, haben sich geändert und entsperren Latchgate deshalb nicht mehr.",
    advice: "Entsperren Sie mit Ihrer Passphrase. Danach geht es wieder mit Finger oder Gesicht.",
  },
  "bound-key-lost": {
    message: "Die Finger oder Gesichter, die dieses Gerät kennt, haben sich geändert, und nichts anderes entsperrt diese Kopplung.",
    advice: "Es wurde nichts gelöscht. Bitten Sie Ihre Firma um einen neuen Code, entfernen Sie die Kopplung hier und koppeln Sie neu.",
  },
  "wrong-file-key": {
    message: "Der Schlüssel in der Datei öffnet den Tresor dieses Profils nicht.",
    advice: "Verwenden Sie die Datei, die beim Koppeln angegeben wurde.",
  },
  "too-many-attempts": {
    message: "Es gab zu viele Fehlversuche.",
    advice: "Warten Sie, bis die angezeigte Zeit um ist, und versuchen Sie es dann noch einmal.",
  },
  "erased-after-tries": {
    message: "Es gab zu viele Fehlversuche. Die Schlüssel auf diesem Gerät wurden gelöscht, so wie Sie oder Ihre Firma es gewählt hatten.",
    advice: "Bitten Sie Ihre Firma um einen neuen Code und koppeln Sie dieses Gerät neu.",
  },
  "too-many-companies": {
    message: "Diese App ist mit so vielen Firmen gekoppelt, wie sie aufnehmen kann.",
    advice: "Entfernen Sie eine, die Sie nicht mehr brauchen.",
  },
  "bad-setting": {
    message: "Diese Einstellung liegt außerhalb dessen, was gewählt werden kann.",
    advice: "Wählen Sie einen der angebotenen Werte.",
  },
  "backups-off": {
    message: "Sicherungen sind für dieses Profil ausgeschaltet.",
    advice: "Schalten Sie sie zuerst ein. Wer eine Sicherung und ihre Passphrase hat, ist dieses Gerät.",
  },
  "backup-unreadable": {
    message: "Diese Datei ist keine Sicherung, die diese Version lesen kann.",
    advice: "Wählen Sie die Datei, die als Sicherung gespeichert wurde, oder aktualisieren Sie diese App.",
  },
  "backup-passphrase": {
    message: "Diese Passphrase öffnet die Sicherung nicht, oder die Datei ist beschädigt.",
    advice: "Versuchen Sie es noch einmal mit der Passphrase, die für diese Sicherung gewählt wurde.",
  },
  "weak-passphrase": {
    message: "Die Passphrase ist zu kurz.",
    advice: "Verwenden Sie mindestens 8 Zeichen; am besten sind mehrere Wörter.",
  },
  "wrong-method": {
    message: "Der Tresor dieses Profils wird auf andere Weise geöffnet.",
    advice: "Verwenden Sie den Weg, der beim Koppeln gewählt wurde.",
  },
  locked: {
    message: "Latchgate ist gesperrt.",
    advice: "Entsperren Sie es zuerst.",
  },
  "vault-absent": {
    message: "Die Schlüssel dieses Profils sind nicht da.",
    advice: "Entfernen Sie hier die Kopplung und koppeln Sie mit einem neuen Code.",
  },
  "keychain-absent": {
    message: "Dieses System hat keinen Schlüsselbund, in dem die Schlüssel liegen können.",
    advice: "Wählen Sie stattdessen eine Passphrase, oder installieren und starten Sie einen Schlüsselbund (unter Linux: einen Secret Service).",
  },
  "keychain-locked": {
    message: "Der Schlüsselbund dieses Systems ist gesperrt.",
    advice: "Entsperren Sie ihn und versuchen Sie es noch einmal. Es ging nichts verloren.",
  },
  "keychain-denied": {
    message: "Der Schlüsselbund dieses Systems lässt Latchgate nicht zu.",
    advice: "Erlauben Sie Latchgate in den Einstellungen des Schlüsselbunds, oder wählen Sie eine Passphrase.",
  },
  "keychain-corrupt": {
    message: "Was der Schlüsselbund liefert, ist beschädigt. Schlüssel, die darin liegen, lassen sich nicht lesen.",
    advice: "Es wurde nichts gelöscht. Stellen Sie den Schlüsselbund aus einer Sicherung dieses Systems wieder her, oder entfernen Sie die Kopplung und koppeln Sie neu.",
  },
  "storage-failed": {
    message: "Die Schlüssel konnten auf diesem Gerät nicht gespeichert werden.",
    advice: "Schaffen Sie Platz, prüfen Sie, ob der Ordner beschreibbar ist, und versuchen Sie es noch einmal.",
  },
  "no-randomness": {
    message: "Dieses System liefert keine sicheren Zufallszahlen.",
    advice: "Starten Sie das Gerät neu und versuchen Sie es noch einmal.",
  },
  "proxy-credentials": {
    message: "Der Verbindungspunkt von Latchgate auf diesem Gerät fragt nach Benutzernamen und Passwort.",
    advice: "Verwenden Sie die, die beim letzten Öffnen angezeigt wurden; sie ändern sich bei jedem Entsperren.",
  },
  "site-not-allowed": {
    message: "Ihre Firma gibt diese Adresse nicht für Sie frei.",
    advice: "Öffnen Sie eine Website aus dem Portal, oder bitten Sie Ihre IT um Zugang.",
  },
  "site-unknown": {
    message: "Der Connector Ihrer Firma kennt diese Website nicht.",
    advice: "Gehen Sie zurück zum Portal und wählen Sie die Website noch einmal.",
  },
  "upstream-unreachable": {
    message: "Ihre Firma ist erreichbar, aber die Website selbst antwortet nicht.",
    advice: "Versuchen Sie es gleich noch einmal. Wenn es dauert, sagen Sie Ihrer IT Bescheid.",
  },
  "upstream-certificate": {
    message: "Ihre Firma ist erreichbar, aber das Zertifikat der Website ist nicht gültig.",
    advice: "Sagen Sie Ihrer IT Bescheid. An die Website wurde nichts gesendet.",
  },
  "upstream-timeout": {
    message: "Die Website hat zu lange für eine Antwort gebraucht.",
    advice: "Versuchen Sie es gleich noch einmal. Wenn es dauert, sagen Sie Ihrer IT Bescheid.",
  },
  "bad-request": {
    message: "Die Anfrage lässt sich nicht bedienen.",
    advice: "Gehen Sie zurück und versuchen Sie es noch einmal.",
  },
  "tunnel-down": {
    message: "Die Verbindung zu Ihrer Firma ist unterbrochen.",
    advice: "Latchgate verbindet sich neu. Laden Sie die Seite gleich noch einmal.",
  },
  "proxy-failed": {
    message: "Latchgate konnte seinen Verbindungspunkt für den Browser auf diesem Gerät nicht öffnen.",
    advice: "Schließen Sie andere Kopien von Latchgate, oder wählen Sie einen anderen Port, und entsperren Sie noch einmal.",
  },
  "not-a-web-server": {
    message: "Diese Adresse gehört zu Latchgate und ist keine Website.",
    advice: "Öffnen Sie die Websites Ihrer Firma aus dem Portal.",
  },
  unavailable: {
    message: "Das ist hier nicht verfügbar.",
    advice: "Aktualisieren Sie die App, oder verwenden Sie ein anderes Gerät.",
  },
  internal: {
    message: "In Latchgate ist etwas schiefgegangen.",
    advice: "Starten Sie die App neu. Passiert es wieder, melden Sie es bitte.",
  },
  "camera-none": {
    message: "Auf diesem Gerät wurde keine Kamera gefunden.",
    advice: "Wählen Sie ein Bild des Codes, oder fügen Sie seinen Text ein.",
  },
  "camera-refused": {
    message: "Die Kamera kann nicht verwendet werden.",
    advice: "Schließen Sie andere Programme, die sie verwenden, und erlauben Sie Latchgate die Kamera. Oder wählen Sie ein Bild.",
  },
  "camera-silent": {
    message: "Die Kamera antwortet nicht.",
    advice: "Ziehen Sie sie ab und stecken Sie sie wieder ein, oder wählen Sie ein Bild des Codes.",
  },
  "camera-stopped": {
    message: "Die Kamera wurde ausgeschaltet.",
    advice: "Starten Sie sie wieder, um einen Code zu scannen.",
  },
  "biometrics-refused": {
    message: "Sie wurden nicht erkannt.",
    advice: "Versuchen Sie es noch einmal, oder verwenden Sie Ihre Passphrase, wenn Sie eine haben.",
  },
  "too-many-pages": {
    message: "Es sind zu viele Seiten offen.",
    advice: "Schließen Sie zuerst einige davon.",
  },
  "no-contact": {
    message: "Ihre Firma hat länger nicht geantwortet, als sie erlaubt. Dieses Gerät hat sich gesperrt.",
    advice: "Verbinden Sie sich mit dem Internet und entsperren Sie. Ihre Websites öffnen sich, sobald Ihre Firma antwortet.",
  },
  "erased-without-contact": {
    message: "Ihre Firma hatte so lange nicht geantwortet, dass die Schlüssel und alles von ihr Aufbewahrte hier gelöscht wurden, wie sie es verlangt.",
    advice: "Bitten Sie Ihre Firma um einen neuen Code und koppeln Sie dieses Gerät neu.",
  },
  "required-by-company": {
    message: "Ihre Firma verlangt eine strengere Einstellung.",
    advice: "Wählen Sie einen der angebotenen Werte.",
  },
  "backup-too-old": {
    message: "Diese Sicherung ist älter, als ein Gerät Ihrer Firma ohne Kontakt sein darf.",
    advice: "Bitten Sie Ihre Firma um einen neuen Code und koppeln Sie dieses Gerät.",
  },
  "not-pinned": {
    message: "Diese Seite lässt sich nicht anheften.",
    advice: "Angeheftet werden Seiten Ihrer Firma, höchstens 48. Lösen Sie eine, die Sie nicht mehr brauchen.",
  },
  "settings-unreadable": {
    message: "Diese Datei enthält keine Einstellungen, die diese Version lesen kann.",
    advice: "Wählen Sie die Datei, die auf dem anderen Gerät gespeichert wurde, oder aktualisieren Sie diese App.",
  },
  unexpected: {
    message: "In Latchgate ist etwas schiefgegangen.",
    advice: "Versuchen Sie es noch einmal. Passiert es wieder, starten Sie Latchgate neu.",
  },
};
