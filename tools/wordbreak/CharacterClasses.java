import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UProperty;
import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;

/**
 * Prints what Lucene's StandardTokenizer and ICU know about each code point: runs of equal lines, as
 * "first last lucene-class age word-break line-break grapheme-break script".
 *
 * Lucene keeps its classes private, so they are read by reflection; the contract test proves the outcome by behaviour.
 */
public final class CharacterClasses {
  public static void main(String[] arguments) throws Exception {
    Method lucene =
        Class.forName("org.apache.lucene.analysis.standard.StandardTokenizerImpl").getDeclaredMethod("zzCMap", int.class);
    lucene.setAccessible(true);
    try (PrintStream out = new PrintStream(new BufferedOutputStream(System.out), false, "US-ASCII")) {
      String line = null;
      int first = 0;
      for (int point = 0; point <= Character.MAX_CODE_POINT + 1; point++) {
        String next = point > Character.MAX_CODE_POINT ? "" : lucene.invoke(null, point) + " " + icu(point);
        if (!next.equals(line)) {
          if (line != null) {
            out.println(Integer.toHexString(first) + " " + Integer.toHexString(point - 1) + " " + line);
          }
          line = next;
          first = point;
        }
      }
    }
  }

  private static String icu(int point) {
    return UCharacter.getAge(point).getMajor()
        + " " + value(point, UProperty.WORD_BREAK)
        + " " + value(point, UProperty.LINE_BREAK)
        + " " + value(point, UProperty.GRAPHEME_CLUSTER_BREAK)
        + " " + value(point, UProperty.SCRIPT);
  }

  private static String value(int point, int property) {
    int value = UCharacter.getIntPropertyValue(point, property);
    return UCharacter.getPropertyValueName(property, value, UProperty.NameChoice.LONG);
  }
}
