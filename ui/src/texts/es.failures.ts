import type { Failures } from "./en.failures";

/** What can fail, in Spanish. */
export const failures: Failures = {
  "code-empty": {
    message: "No hay ningún código de vinculación en lo que ha introducido.",
    advice: "Escanee el código que muestra su empresa o pegue todo su texto.",
  },
  "code-not-a-code": {
    message: "Esto no es un código de vinculación de Latchgate.",
    advice: "Un código de vinculación empieza por LG1: y viene de su empresa. Escanee ese.",
  },
  "code-foreign-version": {
    message: "Este código de vinculación es para otra versión de Latchgate.",
    advice: "Actualice esta aplicación o pida a su empresa un código para esta versión.",
  },
  "code-truncated": {
    message: "Falta una parte del código de vinculación.",
    advice: "Copie todo el texto, desde LG1: hasta el final, o escanee la imagen.",
  },
  "code-damaged": {
    message: "El código de vinculación está dañado: al menos un carácter es incorrecto.",
    advice: "Escanee la imagen o copie otra vez el texto sin cambiarlo.",
  },
  "code-too-long": {
    message: "Lo que ha introducido es más largo que un código de vinculación.",
    advice: "Copie solo el código, desde LG1: hasta su final.",
  },
  "code-gateway": {
    message: "El código de vinculación indica una dirección de pasarela que no es segura.",
    advice: "No se ha enviado nada. Pregunte a su empresa si el código es realmente suyo.",
  },
  "code-expired": {
    message: "El código de vinculación ha caducado.",
    advice: "Pida un código nuevo a su empresa y úselo enseguida.",
  },
  "code-used": {
    message: "Otro dispositivo ya ha usado el código de vinculación.",
    advice: "Si no fue usted, avise enseguida a su empresa: puede que alguien lo haya copiado. Después pida un código nuevo.",
  },
  "device-unknown": {
    message: "No tiene ese dispositivo, o su estado no lo permite.",
    advice: "Consulte de nuevo la lista de sus dispositivos.",
  },
  "check-code-differs": {
    message: "Este no es el número de control del dispositivo nuevo.",
    advice: "Si su pantalla muestra de verdad este número, no lo confirme: rechácelo y avise a su empresa.",
  },
  "code-gone": {
    message: "El código de vinculación se ha usado, se ha retirado o nunca ha existido.",
    advice: "Si no lo ha usado usted, avise enseguida a su empresa: puede que alguien lo haya copiado. Después pida un código nuevo.",
  },
  "code-refused": {
    message: "Su empresa ya no acepta este código de vinculación: ha caducado, se ha retirado o pertenece a otro dispositivo.",
    advice: "Pida un código nuevo a su empresa.",
  },
  "clock-skew": {
    message: "El código de vinculación parece caducado, pero quizá el reloj de este dispositivo esté mal.",
    advice: "Compruebe la fecha y la hora de este dispositivo. Si son correctas, pida un código nuevo a su empresa.",
  },
  "picture-no-code": {
    message: "No se ha encontrado ningún código de vinculación en la imagen.",
    advice: "Repita la foto: el código entero, nítido y sin reflejos. O pegue el texto del código.",
  },
  "picture-unreadable": {
    message: "No se puede leer la imagen.",
    advice: "Use una imagen PNG, JPEG, WebP, BMP o GIF de 12 megapíxeles como máximo.",
  },
  "already-paired": {
    message: "Este dispositivo ya está vinculado.",
    advice: "Elimine antes la vinculación actual o use otro perfil.",
  },
  "not-paired": {
    message: "Este dispositivo no está vinculado.",
    advice: "Vincúlelo primero con un código de su empresa.",
  },
  "pairing-unfinished": {
    message: "Aquí se empezó una vinculación que no ha terminado.",
    advice: "Continúela o cancélela antes de empezar otra.",
  },
  "pairing-cancelled": {
    message: "La vinculación se ha cancelado.",
    advice: "No queda nada en este dispositivo. Para volver a intentarlo, pida un código nuevo a su empresa.",
  },
  "pairing-refused": {
    message: "El conector de su empresa no ha aceptado esta vinculación.",
    advice: "Quizá se haya retirado el código. Pida uno nuevo a su empresa.",
  },
  "no-network": {
    message: "Este dispositivo no tiene conexión a internet.",
    advice: "Compruebe la Wi-Fi, los datos móviles o el cable. Latchgate lo sigue intentando solo.",
  },
  dns: {
    message: "No se ha encontrado el nombre de la pasarela.",
    advice: "Compruebe la red. En la de una empresa o un hotel, pregunte si bloquea el nombre de la pasarela.",
  },
  "tls-intercepted": {
    message: "Algo entre este dispositivo y la pasarela responde en lugar de la pasarela.",
    advice: "No se ha enviado nada. Use otra red o desactive el programa que inspecciona las conexiones.",
  },
  "certificate-date": {
    message: "El certificado de la pasarela no es válido en la fecha que muestra este dispositivo.",
    advice: "Compruebe la fecha y la hora de este dispositivo. Si son correctas, avise a su empresa.",
  },
  "roots-unreadable": {
    message: "No se puede leer la autoridad de certificación indicada.",
    advice: "Indique un archivo PEM que contenga al menos un certificado.",
  },
  "captive-portal": {
    message: "Esta red muestra primero su propia página de acceso.",
    advice: "Abra cualquier página en un navegador, acceda a la red y vuelva aquí.",
  },
  "proxy-auth": {
    message: "El proxy de esta red pide un nombre de usuario y una contraseña.",
    advice: "Introdúzcalos en los ajustes de proxy del sistema o use otra red.",
  },
  "gateway-down": {
    message: "No se puede llegar a la pasarela.",
    advice: "Latchgate lo sigue intentando solo. Si dura, pregunte a su empresa.",
  },
  "gateway-busy": {
    message: "La pasarela está ocupada y pide que espere.",
    advice: "Latchgate lo vuelve a intentar solo en un momento.",
  },
  "gateway-incompatible": {
    message: "La pasarela responde de una forma que esta aplicación no entiende.",
    advice: "Actualice esta aplicación. Si ya está actualizada, pregunte a su empresa.",
  },
  "connector-offline": {
    message: "La pasarela responde, pero el conector de su empresa no está conectado a ella.",
    advice: "Latchgate lo sigue intentando solo. Si dura, avise a su empresa.",
  },
  "connector-silent": {
    message: "El conector de su empresa está conectado, pero no responde.",
    advice: "Latchgate lo sigue intentando solo. Si dura, avise a su empresa.",
  },
  "taken-over": {
    message: "Otra copia de este dispositivo se ha conectado en su lugar.",
    advice: "Si usted no ha copiado los datos de este dispositivo, avise enseguida a su empresa.",
  },
  revoked: {
    message: "La pasarela ya no admite este dispositivo.",
    advice: "Pregunte a su empresa. Si ha retirado este dispositivo, elimine aquí la vinculación y vincúlelo de nuevo.",
  },
  removed: {
    message: "Su empresa ha retirado este dispositivo. Aquí se han borrado sus claves y lo que guardaba de la empresa.",
    advice: "Si no lo esperaba, pregunte a su empresa. Con un código nuevo podrá vincularlo de nuevo.",
  },
  "key-unknown": {
    message: "El conector de su empresa no conoce la clave de este dispositivo.",
    advice: "Latchgate lo sigue intentando solo. Si dura, pida un código nuevo a su empresa.",
  },
  "not-confirmed": {
    message: "Su empresa todavía no ha aprobado este dispositivo.",
    advice: "Diga el número de control al departamento de informática. Latchgate continúa en cuanto se apruebe.",
  },
  suspended: {
    message: "Su empresa ha suspendido su acceso.",
    advice: "Pregunte al departamento de informática.",
  },
  "wrong-passphrase": {
    message: "Esta frase de contraseña no abre la caja fuerte.",
    advice: "Inténtelo de nuevo. Tras varios fallos, cada intento tiene que esperar más.",
  },
  "bound-key-changed": {
    message: "Los dedos o rostros que conoce este dispositivo han cambiado y ya no desbloquean Latchgate.",
    advice: "Desbloquee con su frase de contraseña. Después, su dedo o rostro volverá a funcionar.",
  },
  "bound-key-lost": {
    message: "Los dedos o rostros que conoce este dispositivo han cambiado, y nada más desbloquea esta vinculación.",
    advice: "No se ha borrado nada. Pida un código nuevo a su empresa, elimine la vinculación aquí y vincule de nuevo.",
  },
  "wrong-file-key": {
    message: "La clave del archivo no abre la caja fuerte de este perfil.",
    advice: "Use el archivo que se indicó al vincular el dispositivo.",
  },
  "too-many-attempts": {
    message: "Ha habido demasiados intentos fallidos.",
    advice: "Espere a que pase el tiempo indicado e inténtelo de nuevo.",
  },
  "erased-after-tries": {
    message: "Ha habido demasiados intentos fallidos y se han borrado las claves de este dispositivo, como usted o su empresa habían elegido.",
    advice: "Pida un código nuevo a su empresa y vincule de nuevo este dispositivo.",
  },
  "too-many-companies": {
    message: "Esta aplicación está vinculada con tantas empresas como puede contener.",
    advice: "Quite una que ya no necesite.",
  },
  "bad-setting": {
    message: "Este ajuste está fuera de lo que se puede elegir.",
    advice: "Elija uno de los valores que se ofrecen.",
  },
  "backups-off": {
    message: "Las copias de seguridad están desactivadas para este perfil.",
    advice: "Actívelas primero. Quien tenga una copia y su frase de contraseña es este dispositivo.",
  },
  "backup-unreadable": {
    message: "Este archivo no es una copia de seguridad que esta versión pueda leer.",
    advice: "Elija el archivo que se guardó como copia de seguridad o actualice esta aplicación.",
  },
  "backup-passphrase": {
    message: "Esta frase de contraseña no abre la copia de seguridad, o el archivo está dañado.",
    advice: "Inténtelo de nuevo con la frase de contraseña elegida para esta copia.",
  },
  "weak-passphrase": {
    message: "La frase de contraseña es demasiado corta.",
    advice: "Use al menos 8 caracteres; lo mejor son varias palabras.",
  },
  "wrong-method": {
    message: "La caja fuerte de este perfil se abre de otra forma.",
    advice: "Use el método que se eligió al vincular el dispositivo.",
  },
  locked: {
    message: "Latchgate está bloqueado.",
    advice: "Desbloquéelo primero.",
  },
  "vault-absent": {
    message: "Las claves de este perfil no están.",
    advice: "Elimine aquí la vinculación y vincule de nuevo con un código nuevo.",
  },
  "keychain-absent": {
    message: "Este sistema no tiene un llavero donde guardar las claves.",
    advice: "Elija mejor una frase de contraseña, o instale e inicie un llavero (en Linux: un Secret Service).",
  },
  "keychain-locked": {
    message: "El llavero de este sistema está bloqueado.",
    advice: "Desbloquéelo e inténtelo de nuevo. No se ha perdido nada.",
  },
  "keychain-denied": {
    message: "El llavero de este sistema no deja entrar a Latchgate.",
    advice: "Permita Latchgate en los ajustes del llavero o elija una frase de contraseña.",
  },
  "keychain-corrupt": {
    message: "Lo que devuelve el llavero está dañado y las claves guardadas en él no se pueden leer.",
    advice: "No se ha borrado nada. Restaure el llavero desde una copia de este sistema, o elimine la vinculación y vincule de nuevo.",
  },
  "storage-failed": {
    message: "No se han podido guardar las claves en este dispositivo.",
    advice: "Libere espacio, compruebe que se puede escribir en la carpeta e inténtelo de nuevo.",
  },
  "no-randomness": {
    message: "Este sistema no ofrece números aleatorios seguros.",
    advice: "Reinicie el dispositivo e inténtelo de nuevo.",
  },
  "proxy-credentials": {
    message: "El punto de conexión de Latchgate en este dispositivo pide su nombre de usuario y su contraseña.",
    advice: "Use los que se mostraron al abrirlo por última vez; cambian con cada desbloqueo.",
  },
  "site-not-allowed": {
    message: "Su empresa no comparte esta dirección con usted.",
    advice: "Abra un sitio desde el portal o pida acceso al departamento de informática.",
  },
  "site-unknown": {
    message: "El conector de su empresa no conoce este sitio.",
    advice: "Vuelva al portal y elija el sitio de nuevo.",
  },
  "upstream-unreachable": {
    message: "Su empresa responde, pero el sitio mismo no.",
    advice: "Inténtelo de nuevo en un momento. Si dura, avise al departamento de informática.",
  },
  "upstream-certificate": {
    message: "Su empresa responde, pero el certificado del sitio no es válido.",
    advice: "Avise al departamento de informática; no se ha enviado nada al sitio.",
  },
  "upstream-timeout": {
    message: "El sitio ha tardado demasiado en responder.",
    advice: "Inténtelo de nuevo en un momento. Si dura, avise al departamento de informática.",
  },
  "bad-request": {
    message: "No se puede atender la petición.",
    advice: "Vuelva atrás e inténtelo de nuevo.",
  },
  "tunnel-down": {
    message: "La conexión con su empresa se ha interrumpido.",
    advice: "Latchgate se está conectando de nuevo. Vuelva a cargar la página en un momento.",
  },
  "proxy-failed": {
    message: "Latchgate no ha podido abrir su punto de conexión para el navegador en este dispositivo.",
    advice: "Cierre otras copias de Latchgate o elija otro puerto, y desbloquee de nuevo.",
  },
  "not-a-web-server": {
    message: "Esta dirección pertenece a Latchgate y no es un sitio web.",
    advice: "Abra los sitios de su empresa desde el portal.",
  },
  unavailable: {
    message: "Esto no está disponible aquí.",
    advice: "Actualice la aplicación o use otro dispositivo.",
  },
  internal: {
    message: "Algo ha fallado dentro de Latchgate.",
    advice: "Reinicie la aplicación. Si vuelve a ocurrir, comuníquelo.",
  },
  "camera-none": {
    message: "No se ha encontrado ninguna cámara en este dispositivo.",
    advice: "Elija una imagen del código o pegue su texto.",
  },
  "camera-refused": {
    message: "No se puede usar la cámara.",
    advice: "Cierre otros programas que la usen y permita que Latchgate la use, o elija una imagen.",
  },
  "camera-silent": {
    message: "La cámara no responde.",
    advice: "Desconéctela y vuelva a conectarla, o elija una imagen del código.",
  },
  "camera-stopped": {
    message: "La cámara se ha apagado.",
    advice: "Iníciela de nuevo para escanear un código.",
  },
  "biometrics-refused": {
    message: "No se le ha reconocido.",
    advice: "Inténtelo de nuevo, o use su frase de contraseña si tiene una.",
  },
  "too-many-pages": {
    message: "Hay demasiadas páginas abiertas.",
    advice: "Cierre algunas primero.",
  },
  "no-contact": {
    message: "Su empresa no ha respondido durante más tiempo del que permite, y este dispositivo se ha bloqueado.",
    advice: "Conéctese a internet y desbloquee. Sus sitios se abrirán en cuanto su empresa responda.",
  },
  "erased-without-contact": {
    message: "Su empresa llevaba tanto tiempo sin responder que aquí se han borrado las claves y lo que se guardaba de ella, como exige.",
    advice: "Pida un código nuevo a su empresa y vincule de nuevo este dispositivo.",
  },
  "required-by-company": {
    message: "Su empresa exige un ajuste más estricto.",
    advice: "Elija uno de los valores que se ofrecen.",
  },
  "backup-too-old": {
    message: "Esta copia de seguridad es más antigua que el tiempo que su empresa permite a un dispositivo estar sin contacto.",
    advice: "Pida un código nuevo a su empresa y vincule este dispositivo.",
  },
  "not-pinned": {
    message: "Esta página no se puede fijar.",
    advice: "Se pueden fijar páginas de los sitios de su empresa, 48 como máximo. Quite una que ya no necesite.",
  },
  "settings-unreadable": {
    message: "Este archivo no contiene ajustes que esta versión pueda leer.",
    advice: "Elija el archivo guardado en el otro dispositivo, o actualice esta aplicación.",
  },
  unexpected: {
    message: "Algo ha fallado dentro de Latchgate.",
    advice: "Inténtelo de nuevo. Si sigue ocurriendo, reinicie Latchgate.",
  },
};
