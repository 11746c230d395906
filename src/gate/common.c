/*
 * gate/common.c: passwords and words that are tried first, here as elsewhere:
 * keyboard runs, first names, seasons, defaults, local favourites (such as
 * those that are Mandarin typed in zhuyin).
 */
#include "gate/common.h"

#include <stddef.h>

/* clang-format off */
const char *const gate_common[] = {
	"1q2w3e", "1q2w3e4r", "1q2w3e4r5t", "1qaz1qaz", "1qaz2wsx",
	"1qaz2wsx3edc", "1qazxsw2", "2wsx3edc", "5201314", "5j4up", "a123456",
	"a1234567", "a12345678", "a123456789", "a1b2c3", "a1b2c3d4",
	"a5201314", "aa123456", "aaa111", "abc", "abc123", "abc12345", "abcd",
	"abcd123", "abcd1234", "abcde", "abcdef", "abcdefg", "abcdefgh",
	"access", "access1", "admin", "administrator", "aini", "andrew",
	"android", "angel", "apple", "april", "asd", "asd123", "asdf",
	"asdf1234", "asdfgh", "asdfghjk", "asdfghjkl", "ashley", "au4a83",
	"august", "autumn", "backup", "banana", "baseball", "basketball",
	"batman", "beimen", "butterfly", "caonima", "change", "changeme",
	"charlie", "cheese", "chocolate", "christ", "cisco", "citizen",
	"city", "cityhall", "coffee", "computer", "cookie", "daniel",
	"database", "debian", "december", "default", "demo", "doraemon",
	"dragon", "eagle", "excel", "facebook", "falcon", "fall", "february",
	"ferrari", "flower", "football", "formosa", "freedom", "friday",
	"george", "github", "golf", "google", "gov", "government", "govtw",
	"guest", "happy", "happyday", "heaven", "hello", "hello123", "hockey",
	"honda", "hunter", "ilove", "iloveyou", "internet", "january",
	"jennifer", "jessica", "jesus", "ji32k7au4a83", "ji3g4go6", "jordan",
	"joshua", "july", "june", "kaohsiung", "keyboard", "killer",
	"letmein", "linux", "lion", "login", "logon", "love", "lovely",
	"lover", "loveyou", "lucky", "manager", "march", "master", "matrix",
	"matthew", "may", "mayor", "mercedes", "michael", "microsoft",
	"monday", "money", "monitor", "monkey", "mouse", "mustang", "mysql",
	"naruto", "network", "newtaipei", "november", "october", "office",
	"oper", "operator", "oracle", "orange", "outlook", "p4ssword",
	"pa55word", "panda", "pass", "pass1234", "passport", "passw",
	"passwd", "password", "passwort", "phoenix", "pikachu", "pokemon",
	"police", "porsche", "postgres", "prince", "princess", "printer",
	"private", "public", "q1q1q1q1", "q1w2e3", "q1w2e3r4", "q1w2e3r4t5",
	"qazwsx", "qazwsxedc", "qazxsw", "qq123456", "qwe", "qwe123",
	"qweasd", "qweasdzxc", "qwer", "qwer1234", "qwert", "qwerty",
	"qwerty123", "qwertyui", "qwertyuiop", "ranger", "robert", "roc",
	"root", "samsung", "saturday", "secret", "secret1", "security",
	"september", "server", "service", "shadow", "soccer", "spiderman",
	"spring", "starwars", "summer", "sunday", "sunshine", "superman",
	"support", "suzuki", "system", "taichung", "tainan", "taipei",
	"taipeicity", "taipeigov", "taiwan", "temp", "temporary", "tennis",
	"test", "tester", "testing", "thomas", "thursday", "tiger", "toor",
	"toyota", "trustno", "trustno1", "tuesday", "turtle", "ubuntu",
	"user", "wangyut", "wednesday", "welcome", "welcome1", "whatever",
	"windows", "winter", "woaini", "woaini1314", "woaini520", "word",
	"yamaha", "zaq", "zaq12wsx", "zaqwsx", "zxc", "zxc123", "zxcasdqwe",
	"zxcv", "zxcvb", "zxcvbn", "zxcvbnm",
	NULL
};
/* clang-format on */
