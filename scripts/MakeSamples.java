import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Writes the generated data sets of data-samples: passwords, reviews, melodies, plans and dialogues; and labelled passwords and
 * reviews that are not among them, to see whether a model tells them apart.
 * (names.txt and stories.txt are written by hand.)
 *
 * <pre>java scripts/MakeSamples.java data-samples</pre>
 *
 * The same bytes every time and on every Java: each file has its own java.util.Random, whose algorithm
 * is part of Java's specification, with a fixed seed. Documents within a file are distinct.
 */
public final class MakeSamples {

    private final Random random;

    private MakeSamples(long seed) {
        random = new Random(seed);
    }

    public static void main(String[] args) throws IOException {
        if (args.length != 1) {
            System.err.println("usage: java scripts/MakeSamples.java DIRECTORY");
            System.exit(2);
        }
        Path directory = Files.createDirectories(Path.of(args[0]));
        MakeSamples passwords = new MakeSamples(1);
        write(directory.resolve("passwords.txt"), "\n", passwords.passwords());
        MakeSamples reviews = new MakeSamples(2);
        write(directory.resolve("reviews.jsonl"), "\n", distinct(4000, reviews::review));
        MakeSamples melodies = new MakeSamples(3);
        write(directory.resolve("melodies.txt"), "\n", distinct(2000, melodies::melody));
        MakeSamples plans = new MakeSamples(4);
        write(directory.resolve("plans.txt"), "\n\n", distinct(1500, plans::plan));
        MakeSamples dialogues = new MakeSamples(5);
        write(directory.resolve("dialogues.txt"), "\n\n", dialogues.dialogues());
        MakeSamples heldOut = new MakeSamples(6);
        write(directory.resolve("passwords-test.csv"), "\n", heldOut.newPasswords(directory.resolve("passwords.txt")));
        write(directory.resolve("reviews-test.jsonl"), "\n", heldOut.newReviews(directory.resolve("reviews.jsonl")));
    }

    // ---- passwords: label, colon, password; 31 characters at most ----

    private static final List<String> WEAK_WORDS = words("""
            sunshine dragon monkey shadow password welcome summer winter football soccer tiger flower banana orange
            cookie pepper ginger coffee butterfly princess rainbow hello secret letmein master silver purple yellow
            guitar hockey tennis puppy kitten lucky happy angel star moon computer school london paris chocolate
            baseball freedom diamond silence chicken apple cherry money family friend love house garden""");
    private static final List<String> WEAK_NAMES = words("""
            anna maria peter john david sarah laura emma lucas daniel julia tom max lisa nina paul robert alex chris
            sophie oliver leo mia ben sam kate jack lena marco elena ivan omar ali yuki rosa carlos""");
    private static final List<String> KEYBOARD_WALKS = words("""
            qwerty qwertz asdf asdfgh zxcvbn qazwsx 1qaz2wsx qwe asd zxc qweasd poiuy lkjhg mnbvc 1q2w3e 1q2w3e4r
            zaq12wsx qwertyuiop asdfghjkl 123qwe qwe123""");
    private static final List<String> PASSPHRASE_WORDS = words("""
            otter lamp cobalt fjord walnut prism gravel tundra saddle mosaic velvet anchor plum quartz ember lagoon
            thistle kayak nickel orbit parsnip ribbon sextant tulip umber vortex wicker yarrow zephyr bamboo cactus
            dune ferry glacier hinge igloo jigsaw kettle lentil meadow nectar onyx pebble quiver rudder spruce""");
    private static final String LOWER = "abcdefghijklmnopqrstuvwxyz";
    private static final String UPPER = LOWER.toUpperCase(Locale.ROOT);
    private static final String DIGITS = "0123456789";
    private static final String SYMBOLS = "!#$%&*+-=?@^_~";

    private Collection<String> passwords() {
        List<String> lines = new ArrayList<>(distinct(3000, () -> "weak:" + weakPassword()));
        lines.addAll(distinct(3000, () -> "strong:" + strongPassword()));
        Collections.shuffle(lines, random);
        return lines;
    }

    /** Half of them weak, none of them known. A password has no comma and no quote, so that CSV needs none either. */
    private Collection<String> newPasswords(Path known) throws IOException {
        Set<String> lines = new LinkedHashSet<>(Files.readAllLines(known));
        List<String> rows = new ArrayList<>(
                distinct(500, () -> another(lines, () -> "weak:" + weakPassword())));
        rows.addAll(distinct(500, () -> another(lines, () -> "strong:" + strongPassword())));
        Collections.shuffle(rows, random);
        List<String> csv = new ArrayList<>(List.of("password,label"));
        rows.forEach(row -> csv.add(row.substring(row.indexOf(':') + 1) + "," + row.substring(0, row.indexOf(':'))));
        return csv;
    }

    /** The sentence and the verdict of a review in columns of their own. */
    private Collection<String> newReviews(Path known) throws IOException {
        Set<String> sentences = Files.readAllLines(known).stream().map(MakeSamples::sentence).collect(Collectors.toSet());
        Set<String> reviews = new LinkedHashSet<>();
        while (reviews.size() < 500) {
            String review = review();
            if (sentences.add(sentence(review))) {
                reviews.add(review.replaceFirst(" => (good|bad)\".*", "\", \"label\": \"$1\"}"));
            }
        }
        return reviews;
    }

    private static String sentence(String review) {
        return review.substring(0, review.indexOf(" => "));
    }

    private static String another(Set<String> known, Supplier<String> maker) {
        String made = maker.get();
        return known.contains(made) ? another(known, maker) : made;
    }

    private String weakPassword() {
        String word = any(WEAK_WORDS);
        switch (random.nextInt(10)) {
            case 0: case 1:
                return word + any("1", "12", "123", "1234", "" + random.nextInt(100));
            case 2: case 3:
                return maybeCapital(any(WEAK_NAMES)) + year() + any("", "", "!");
            case 4:
                return capital(word) + any("1!", "123!", "!", "" + year(), "1", "01");
            case 5:
                return any(KEYBOARD_WALKS) + any("", "1", "12", "123", "!", "" + year(), "" + random.nextInt(100));
            case 6:
                return leet(word) + any("", "1", "12", "123", "!", "" + random.nextInt(100));
            case 7:
                String part = any("ab", "abc", "123", "12", "xyz", "aa", "11", "1a", "qq", "777", any(WEAK_NAMES));
                return part.repeat(2 + random.nextInt(3)) + any("", "1", "12", "!");
            case 8:
                return any(any(WEAK_NAMES) + any(WEAK_WORDS), "i" + any("love", "like", "miss") + any(WEAK_NAMES))
                        + any("", "", "1", "123");
            default:
                return digitPattern();
        }
    }

    private String digitPattern() {
        int length = 4 + random.nextInt(5);
        int first = random.nextInt(10);
        switch (random.nextInt(4)) {
            case 0: return "01234567890123456789".substring(first, first + length);
            case 1: return "98765432109876543210".substring(first, first + length);
            case 2: return String.format(Locale.ROOT, "%02d%02d%d", 1 + random.nextInt(28), 1 + random.nextInt(12), year());
            default: return String.valueOf(first).repeat(length);
        }
    }

    private int year() {
        return random.nextInt(4) == 0 ? 2000 + random.nextInt(25) : 1960 + random.nextInt(40);
    }

    private String leet(String word) {
        String some = word.replace('o', '0').replace('a', random.nextBoolean() ? '4' : '@');
        return random.nextBoolean() ? some : some.replace('e', '3').replace('i', '1').replace('s', '$');
    }

    private String strongPassword() {
        int kind = random.nextInt(10);
        if (kind < 6) {
            return randomCharacters(12 + random.nextInt(9), LOWER + UPPER + DIGITS + SYMBOLS);
        }
        if (kind < 8) {
            String separator = any("-", "_", ".", "+");
            String group = randomCharacters(4, LOWER + UPPER + DIGITS);
            for (int groups = 3 + random.nextInt(2); groups > 1; groups--) {
                group += separator + randomCharacters(4, LOWER + UPPER + DIGITS);
            }
            return group;
        }
        StringBuilder phrase = new StringBuilder(maybeCapital(any(PASSPHRASE_WORDS)));
        for (int i = 0; i < 2; i++) {
            phrase.append(random.nextInt(100)).append(oneOf(SYMBOLS)).append(maybeCapital(any(PASSPHRASE_WORDS)));
        }
        return phrase.length() <= 24 ? phrase.toString() : strongPassword();
    }

    private String randomCharacters(int length, String alphabet) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(oneOf(alphabet));
        }
        return text.toString();
    }

    // ---- reviews: what is said last decides ----

    /** place ; things ; good ; bad. A review speaks of one place, a clause of one row. */
    private static final List<String[]> REVIEWED = table("""
            food ; soup pizza curry pasta steak omelette pie stew risotto lasagna burger chili ; \
            hot,delicious,perfectly cooked,full of flavor,a real treat,juicy ; cold,bland,burnt,too salty,undercooked,soggy
            food ; bread salad dessert coffee cake juice cheese lemonade ice_cream yogurt fruit ; \
            fresh,tasty,excellent,perfect,delicious,superb ; stale,tasteless,awful,bitter,sour,inedible
            food ; waiter waitress service cook bartender owner staff host ; \
            friendly,quick,polite,attentive,kind,patient,cheerful ; rude,slow,careless,unfriendly,impatient,grumpy,arrogant
            food ; music table terrace restaurant dining_room kitchen cellar ; \
            pleasant,charming,lovely,nicely kept,inviting ; unpleasant,dreadful,too noisy,sticky,shabby
            hotel ; room lobby bathroom balcony sauna corridor elevator apartment ; \
            clean,quiet,spotless,bright,cozy,spacious,tidy ; dirty,noisy,gloomy,tiny,smelly,run_down,moldy
            hotel ; bed pillow sofa blanket mattress armchair ; \
            comfortable,soft,clean,as good as at home ; uncomfortable,lumpy,damp,scratchy,worn out
            hotel ; view garden pool breakfast beach location playground ; \
            lovely,beautiful,better than expected,wonderful,delightful ; disappointing,ugly,worse than expected,dreadful
            hotel ; porter receptionist manager driver guide gardener ; friendly,helpful,polite,kind ; rude,unhelpful,careless,grumpy
            shop ; lamp kettle charger backpack keyboard blender tent umbrella toaster chair watch headset drill suitcase scooter ; \
            sturdy,well made,easy to use,reliable,handy,solid ; flimsy,badly made,hard to use,unreliable,broken,useless,clumsy
            shop ; delivery parcel courier shipment refund ; fast,on time,early,quick,prompt ; slow,late,a mess,delayed
            shop ; manual box label packaging warranty invoice ; clear,neat,helpful,tidy ; confusing,torn,useless,misleading
            shop ; price offer discount bargain bundle ; fair,generous,great,honest,sensible ; unfair,silly,a bad joke,dishonest
            film ; plot story ending script opening sequel ; \
            gripping,moving,clever,unforgettable,brilliant,thrilling ; boring,predictable,dull,confusing,shallow,tedious
            film ; acting cast hero villain dialogue romance detective ; \
            believable,charming,funny,convincing,witty ; wooden,lifeless,annoying,silly,unconvincing
            film ; soundtrack camera scenery music lighting animation ; \
            beautiful,stunning,wonderful,perfect,magical ; dreadful,ugly,distracting,cheap,amateurish
            app ; app website login search checkout editor calendar player ; \
            fast,simple,reliable,smooth,pleasant,responsive ; slow,buggy,confusing,unreliable,annoying,sluggish
            app ; design menu map layout icon theme dashboard ; clear,simple,pretty,tidy,modern ; cluttered,ugly,outdated,confusing
            app ; update support team help_page tutorial ; helpful,quick,excellent,useful ; useless,slow,terrible,disappointing
            """);
    /** place ; good ; bad */
    private static final List<String[]> VERDICTS = table("""
            food ; i would eat here again,it was not bad at all,my plate was empty in a minute,it was not a bad place to eat,\
            we stayed until midnight ; i would not eat here again,it was hardly a good meal,i left most of it,we ate at home \
            afterwards,it was not a good place to eat
            hotel ; i would stay here again,we slept like babies,it was not bad for the price,it was a fine place to rest ; \
            i would not stay here again,we hardly slept,it was not worth the price,we left a day early
            shop ; i would buy it again,it was not a bad choice,it still works after a year,my sister wants one too ; \
            i would not buy it again,it was hardly a good idea,i sent it back,it broke after a week
            film ; i would watch it again,it was not a minute too long,it was not bad for a first film,i laughed and i cried ; \
            i would not watch it again,i nearly fell asleep,it was hardly a good film,we went home early
            app ; i use it every day,it is not bad for a free tool,i would recommend it,it saves me an hour a week ; \
            i deleted it,it is hardly a good tool,i would not recommend it,it costs me an hour a week
            """);

    private String review() {
        String[] verdicts = any(VERDICTS);
        List<String[]> rows = new ArrayList<>(REVIEWED.stream().filter(row -> row[0].equals(verdicts[0])).toList());
        Collections.shuffle(rows, random);
        String[] one = rows.get(0);
        String[] two = rows.get(1);
        boolean good = random.nextBoolean();
        String verdict = any(verdicts[good ? 1 : 2].split(","));
        String text;
        boolean mixed = false;
        switch (random.nextInt(9)) {
            case 0: text = clause(one, good); break;
            case 1: text = clause(one, good) + " and " + clause(two, good); break;
            case 2: text = clause(one, good) + ", " + verdict; break;
            case 3: text = clause(one, good) + ", " + clause(two, good) + " and " + verdict; break;
            case 4: text = clause(one, !good) + " but " + clause(two, good); mixed = true; break;
            case 5: text = "although " + clause(one, !good) + ", " + clause(two, good); mixed = true; break;
            case 6: text = clause(one, !good) + " but " + verdict; mixed = true; break;
            case 7: text = "the " + thing(one) + " was " + said(one, good) + " and the " + thing(two) + " " + said(two, good); break;
            default: text = verdict + " because " + clause(one, good); break;
        }
        text = any("", "", "", "", "honestly, ", "to be fair, ", "in short, ", "well, ") + text.replace('_', ' ');
        boolean sameTurnTwice = text.matches(".*\\b(nobody|found|wrong|complain|never|anything|i loved|i hated)\\b.*\\b\\1\\b.*");
        if (sameTurnTwice || text.split(" ").length > 22) {
            return review();
        }
        int stars = (good ? mixed ? 3 : 4 : mixed ? 2 : 1) + text.length() % 2; // from the text, so that none comes twice
        return "{\"text\": \"" + text + " => " + (good ? "good" : "bad") + "\", \"stars\": " + stars + "}";
    }

    private String clause(String[] row, boolean good) {
        String the = "the " + thing(row);
        switch (random.nextInt(12)) {
            case 0: return the + " was not " + said(row, !good) + any("", " at all");
            case 1: return the + " was anything but " + said(row, !good);
            case 2: return the + " was hardly " + said(row, !good);
            case 3: return the + " was never " + said(row, !good);
            case 4: return (good ? "nothing" : "something") + " was wrong with " + the;
            case 5: return (good ? any("i loved ", "i liked ", "i could not complain about ")
                    : any("i hated ", "i did not like ", "i had to complain about ")) + the;
            case 6: return "nobody could call " + the + " " + said(row, !good);
            case 7: return any("my friends", "my sister", "my neighbor", "my family") + " found " + the + " " + said(row, good);
            default: return the + " was " + said(row, good);
        }
    }

    private String thing(String[] row) {
        return any(row[1].split(" "));
    }

    private String said(String[] row, boolean good) {
        return any(row[good ? 2 : 3].split(","));
    }

    // ---- melodies: four bars of "note duration", at most 23 notes ----

    private static final String LETTERS = "CDEFGAB";
    /** The notes of each key from the tonic upwards; s is sharp, b is flat, so that a note is one word. */
    private static final List<String> KEYS = List.of("C D E F G A B", "G A B C D E Fs", "D E Fs G A B Cs",
            "F G A Bb C D E", "Bb C D Eb F G A", "A B Cs D E Fs Gs", "A B C D E F Gs", "E Fs G A B C Ds", "D E F G A Bb Cs");
    private static final List<String> BARS_OF_FOUR = List.of("q q q q", "q q h", "h q q", "q e e q q", "e e q q q",
            "qd e q q", "e e e e h", "q q e e q", "e e e e q q", "hd q");
    private static final List<String> BARS_OF_THREE = List.of("q q q", "h q", "q e e q", "e e q q", "qd e q", "q h", "e e e e q");
    /** Shapes of a bar as scale steps from its first note: walks, arpeggios, turns, leaps; used up to its length. */
    private static final List<String> SHAPES = List.of("0 1 2 3 4 5", "0 -1 -2 -3 -4 -5", "0 2 4 7 4 2", "0 2 4 2 0 2",
            "7 4 2 0 2 4", "0 1 0 -1 0 1", "0 2 1 3 2 4", "4 3 2 1 0 1", "0 0 4 4 5 4", "0 4 3 2 1 0", "2 1 0 1 2 2", "0 -3 0 2 4 2");

    private String melody() {
        String[] key = any(KEYS).split(" ");
        boolean three = random.nextInt(3) == 0;
        List<String> bars = three ? BARS_OF_THREE : BARS_OF_FOUR;
        String rhythm = any(bars);
        String shape = any(SHAPES);
        int start = any(0, 0, 2, 4);
        int move = any(0, 1, 1, -1, 2);
        List<Integer> steps = new ArrayList<>();
        List<String> durations = new ArrayList<>();
        bar(steps, durations, shape, rhythm, start);
        bar(steps, durations, shape, rhythm, start + move);
        if (random.nextBoolean()) {
            bar(steps, durations, shape, rhythm, random.nextBoolean() ? start + 2 * move : start);
        } else {
            bar(steps, durations, any(SHAPES), any(bars), any(0, 1, 3, 4));
        }
        int last = steps.get(steps.size() - 1);
        bar(steps, durations, any("1 -1 0", "2 1 0", "4 -3 0", "3 1 0", "4 -1 0"),
                three ? any("e e h", "q q q") : "q q h", last > 5 ? 7 : 0); // the tonic that is nearer
        int tonic = LETTERS.indexOf(key[0].charAt(0));
        if (steps.size() > 23 || tonic + Collections.min(steps) < -4 || tonic + Collections.max(steps) > 16) { // F3 to E6
            return melody();
        }
        StringBuilder melody = new StringBuilder();
        for (int i = 0; i < steps.size(); i++) {
            melody.append(i == 0 ? "" : " ").append(note(key, steps.get(i))).append(' ').append(durations.get(i));
        }
        return melody.toString();
    }

    private static void bar(List<Integer> steps, List<String> durations, String shape, String rhythm, int start) {
        String[] lengths = rhythm.split(" ");
        for (int i = 0; i < lengths.length; i++) {
            steps.add(start + Integer.parseInt(shape.split(" ")[i]));
            durations.add(lengths[i]);
        }
    }

    /** The note so many scale steps above the tonic in octave 4; octaves change at C. */
    private static String note(String[] key, int step) {
        int octave = 4 + Math.floorDiv(LETTERS.indexOf(key[0].charAt(0)) + step, 7);
        return key[Math.floorMod(step, 7)] + octave;
    }

    // ---- plans: an intent in words, then the functions it asks for ----

    /** function ; from > to ; phrases. S numbers, N one number, T text, W words, D dates. */
    private static final List<String[]> FUNCTIONS = table("""
            rolling_mean ; S>S ; smooth, smooth the signal, take a moving average, even out the noise
            rolling_median ; S>S ; apply a median filter, despike, remove the spikes
            drop_trend ; S>S ; detrend, remove the trend, subtract the slope
            low_pass ; S>S ; cut the high frequencies, keep the slow part, low pass it
            high_pass ; S>S ; cut the low frequencies, keep the fast part, high pass it
            unit_range ; S>S ; normalize, scale to zero and one, squeeze into the unit range
            z_score ; S>S ; standardize, center and scale, turn into z scores
            fill_gaps ; S>S ; fill the gaps, interpolate what is missing, patch the holes
            resample ; S>S ; resample, change the sampling rate, thin out the samples
            power_spectrum ; S>S ; compute the spectrum, go to frequencies, run a fourier transform
            find_peaks ; S>S ; find peaks, locate the maxima, look for local highs
            find_valleys ; S>S ; find valleys, locate the minima, look for dips
            step_change ; S>S ; take differences, get the change per step, subtract neighbors
            running_sum ; S>S ; accumulate, take the running total, add up as you go
            sort_up ; S>S ; sort ascending, sort from small to large, order upwards
            sort_down ; S>S ; sort descending, sort from large to small, order downwards
            flip_order ; S>S ; reverse, turn the list around, put the last one first
            once_each ; S>S ; drop duplicates, keep each value once, remove repeats
            take_head ; S>S ; keep the first ten, take the top of the list, cut after ten
            take_tail ; S>S ; keep the last ten, take the end of the list
            only_positive ; S>S ; throw out negatives, keep what is above zero
            clip_range ; S>S ; clip the values, limit the range, cap the extremes
            flag_outliers ; S>S ; flag outliers, mark odd values, spot what is unusual
            bin_counts ; S>S ; build a histogram, count into bins, bucket the values
            mean_of ; S>N ; compute the mean, get the average, work out the mean value
            median_of ; S>N ; get the median, find the middle value
            spread_of ; S>N ; measure the spread, get the standard deviation
            total_of ; S>N ; sum everything, add it all up, get the total
            how_many ; S>N ; count them, count the items, see how many there are
            largest_of ; S>N ; pick the largest, get the maximum, find the biggest
            smallest_of ; S>N ; pick the smallest, get the minimum, find the least
            lower_case ; T>T ; make it lower case, lowercase the text, drop the capitals
            trim_space ; T>T ; trim, strip the spaces, remove outer blanks
            drop_marks ; T>T ; remove punctuation, strip commas and dots, drop the marks
            mask_digits ; T>T ; mask the digits, hide the numbers, blank out figures
            split_words ; T>W ; split into words, break into words, tokenize
            split_lines ; T>W ; split into lines, cut at line ends
            stem_words ; W>W ; stem, reduce words to stems, chop the endings
            drop_common ; W>W ; drop stop words, remove common words, skip filler words
            word_lengths ; W>S ; measure each word, get the word lengths
            tally_words ; W>S ; tally the words, count each word, get word frequencies
            join_words ; W>T ; join the words, glue the words together
            read_dates ; T>D ; parse the dates, read the dates, recognize dates
            to_utc ; D>D ; convert to utc, shift to universal time
            add_week ; D>D ; add seven days, move by a week, go one week ahead
            skip_weekends ; D>D ; skip weekends, keep working days, leave out weekends
            name_weekday ; D>W ; get the weekday, name the day of the week
            day_gaps ; D>S ; count days between, measure gaps in days
            month_of ; D>S ; extract the month, get the month
            """);

    private String plan() {
        int length = any(1, 2, 2, 2, 3, 3, 3);
        List<String[]> chosen = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            char type = i == 0 ? 0 : chosen.get(i - 1)[1].charAt(2);
            List<String[]> next = FUNCTIONS.stream()
                    .filter(f -> !chosen.contains(f) && (type == 0 || f[1].charAt(0) == type)).toList();
            if (next.isEmpty()) {
                return plan();
            }
            chosen.add(any(next));
        }
        List<String> p = chosen.stream().map(f -> any(f[2].split(", "))).toList();
        String intent;
        if (length == 1) {
            intent = any("", "please ", "now ", "just ", "i want to ", "can you ") + p.get(0);
        } else if (length == 2) {
            intent = any("%s then %s", "%s and %s", "%s, then %s", "%s and then %s", "first %s, then %s", "%2$s after you %1$s",
                    "%s before you %s", "once you %s, %s", "please %s and %s").formatted(p.get(0), p.get(1));
        } else {
            intent = any("%s, %s and %s", "%s then %s then %s", "%s, then %s and %s", "first %s, then %s, then %s",
                    "%s and %s, finally %s", "%3$s after you %1$s and %2$s").formatted(p.get(0), p.get(1), p.get(2));
        }
        String block = "/* " + intent + " */\nseq|" + chosen.stream().map(f -> f[0]).collect(Collectors.joining("|"));
        return block.length() <= 127 ? block : plan();
    }

    // ---- dialogues: templates; [a|b] is a choice, {list} and {list1} are columns of one row for the whole dialogue ----

    private static final Map<String, List<String[]>> LISTS = lists("""
            name = Ana; Ben; Carla; David; Emma; Farid; Grace; Hugo; Ines; Jonas; Lena; Marta; Nils; Omar; Paula; Tom; Yuki
            shop = bakery,six,two,fresh rolls; library,ten,eight,picture books; post office,nine,five,stamps; pharmacy,eight,\
            seven,cough syrup; bookshop,ten,six,maps; flower shop,nine,six,tulips; toy shop,ten,seven,kites; market,seven,one,plums
            dish = pancakes,flour with eggs and milk,ten; tomato soup,tomatoes with an onion and basil,thirty; fried rice,rice \
            with peas and an egg,fifteen; apple cake,apples with flour and butter,fifty; lentil stew,lentils with carrots,forty
            place = station,left at the church,five; museum,right at the fountain,ten; park,over the bridge,three; school,past the \
            bakery,seven; harbor,down the hill,fifteen; town hall,across the square,two; hospital,left at the lights,eight
            sky = rain,Take an umbrella; snow,Wear warm boots; sun,Do not forget your hat; wind,Hold on to your hat; fog,Drive slowly
            device = printer,paper tray; radio,batteries; laptop,charger; router,cable; camera,memory card; scanner,plug
            plant = fern,twice a week; cactus,once a month; basil,every morning; orchid,once a week; rose,every other day
            mix = blue and yellow,green; red and yellow,orange; red and blue,purple; black and white,gray; red and white,pink
            sum = two and three,five; four and four,eight; six and one,seven; five and five,ten; three and six,nine
            pair = hot,cold; big,small; early,late; loud,quiet; full,empty; heavy,light; wet,dry; near,far
            day = Monday,Tuesday; Tuesday,Wednesday; Wednesday,Thursday; Thursday,Friday; Friday,Saturday; Sunday,Monday
            unit = minutes,an hour,sixty; days,a week,seven; months,a year,twelve; hours,a day,twenty four; seconds,a minute,sixty
            land = France,Paris; Italy,Rome; Japan,Tokyo; Kenya,Nairobi; Peru,Lima; Norway,Oslo; Egypt,Cairo
            word = hello,hola; thank you,gracias; water,agua; bread,pan; friend,amigo; moon,luna; cat,gato
            bus = four,harbor; seven,station; nine,zoo; twelve,museum; twenty,airport; three,park
            lost = keys,in your coat; glasses,on your head; gloves,in the basket; shoes,under the bed; socks,behind the chair
            pet = dog,barks,a long walk; cat,meows,a warm lap; parrot,talks,a new toy; rabbit,hides,fresh hay; hamster,runs,a wheel
            thing = bicycle,tire; lamp,bulb; chair,leg; clock,battery; kettle,lid; umbrella,handle; watch,strap; bag,zipper
            """);
    private static final String[] TEMPLATES = """
            [Hello|Hi|Good morning]! / [Hello|Hi]! How can I help you [today|this morning]?
            [Hello|Hi], my name is {name}. / Nice to meet you, {name}. [What can I do for you|How are you today]?
            Good evening. / Good evening! [Did you have a nice day|Was it a long day]? / \
            Yes, [and now I am tired|but now it is over]. / Then have a good [rest|dinner|evening].
            How are you? / I am [fine|well|very well], thank you. And you? / [Fine too|Very happy|Never better]. / \
            [Good to hear that|I am glad].
            How are you today? / I am [fine|well], thank you. And you? / [A little tired|Not so well]. / \
            [Then rest a little|I am sorry to hear that].
            What is your name? / I have no name yet. You may call me {name}. / [Hello|Nice to meet you], {name}!
            [Thank you|Thanks] for your help. / You are welcome. [Have a nice day|Come back any time|It was a pleasure]!
            [Goodbye|Bye|See you]! / [Goodbye|Bye]! [Take care|Have a good evening|See you tomorrow].
            [Good night|I am going to bed]. / [Sleep well|Good night]! [Sweet dreams|See you in the morning].
            When does the {shop} open? / The {shop} opens at {shop1}. / And when does it close? / [At|It closes at] {shop2}.
            Is the {shop} open [now|today]? / Yes, it is open until {shop2}. / [Thank you|Great], I will hurry.
            Is the {shop} open on Sunday? / No, it is closed on Sunday. [It opens|Come back] on Monday at {shop1}.
            Where can I buy {shop3}? / The {shop} has {shop3}. It opens at {shop1}.
            Do you know if the {shop} has {shop3}? / [I think so|It does|Yes]. [Ask at the counter|Look near the door].
            I need {shop3} before {shop2}. / Then go to the {shop}. It closes at {shop2}.
            How do I get to the {place}? / Go {place1}. It takes {place2} minutes [on foot|to walk].
            Excuse me, where is the {place}? / It is {place1}. You cannot miss it. / Thank you [very much|so much]! / \
            [You are welcome|Have a nice walk].
            Is the {place} far from here? / No, it is {place2} minutes [on foot|from here].
            I am lost. I want to go to the {place}. / Do not worry. Go {place1} and you will see it.
            Can I take a bus to the {place}? / You can, but it is only {place2} minutes on foot. / Then I will walk.
            Shall we meet at the {place}? / Good idea. [At noon|At three|After lunch]? / [That works|Perfect]. See you there.
            How will the weather be [today|tomorrow]? / [It looks like|We expect] {sky}. {sky1}.
            Do you think there will be {sky}? / [Probably|I think so]. {sky1}. / [Thanks|Good to know].
            I do not like the {sky}. / [I understand|Me neither]. Tomorrow will be better.
            Is it cold outside? / [A little|Yes, quite]. Take a [coat|scarf|warm hat] with you.
            Can we have a picnic on {day}? / \
            There may be [rain|a storm|strong wind] on {day}. [How about {day1}?|{day1} looks better.]
            How do I make {dish}? / You need {dish1}. It takes {dish2} minutes.
            What do I need for {dish}? / You need {dish1}. / And how long does it take? / About {dish2} minutes.
            I want to cook something [simple|warm|good]. / How about {dish}? It takes {dish2} minutes.
            There is no taste in my {dish}. / Try a little [salt|lemon|pepper]. That often helps.
            Is it hard to make {dish}? / Not at all. [It takes {dish2} minutes|You only need {dish1}].
            I burned the {dish}. / That happens. [Use less heat|Stay close to the stove] next time.
            What shall we eat [tonight|on {day}]? / How about {dish}? / We had that yesterday. / \
            Then [soup and bread|noodles|a big salad].
            My {device} does not work. / Please check the {device1} first. / It works now, thank you! / [Great|You are welcome]!
            The {device} will not start. / Is the {device1} in place? / Yes, it is. / Then switch it off and on again.
            Can you help me with my {device}? / [Of course|Sure]. What is wrong with it? / \
            It [makes a strange noise|shows a red light]. / Look at the {device1}.
            My printer is out of paper. / Open the tray, put in [twenty|fifty] sheets and close it.
            The printer prints only [blank|gray|half] pages. / The ink is [low|nearly empty]. Please change the cartridge.
            I forgot my password. / Click on [the link|forgot password] and follow the steps in the mail.
            My phone is very slow. / [Close some apps|Delete old photos|Restart it] and try again.
            How do I save a file? / Press [control and S|the save button] and choose a name.
            There is no sound. / Is the volume up? / [Oh, it was off|It was at zero]. / \
            [That happens to everybody|Now enjoy the music].
            How often should I water my {plant}? / Water the {plant} {plant1}.
            My {plant} looks sad. / Give it [more light|fresh soil|a bigger pot] and water it {plant1}.
            Which plant is easy to keep? / The {plant} is [easy|a good choice|not hard]. It needs water {plant1}.
            What do I get from {mix}? / If you mix {mix}, you get {mix1}.
            I have {mix} paint. Can I make {mix1}? / Yes, just mix them [well|slowly].
            [What is|How much is] {sum}? / [It is|That makes] {sum1}.
            Is {sum} really {sum1}? / Yes, it is {sum1}. [Well done|You are right]!
            What is the opposite of {pair}? / The opposite of {pair} is {pair1}.
            Is {pair} the same as {pair1}? / No, {pair} is the opposite of {pair1}.
            Which day comes after {day}? / {day1} comes after {day}.
            Is today {day}? / Yes, it is {day}. [Tomorrow is {day1}|And tomorrow is {day1}].
            Can I see the doctor on {day}? / [Yes, at ten|Yes, at noon|Yes, at four]. Does that suit you? / \
            [Yes, thank you|That is fine].
            Do you have time on {day}? / Sorry, I am busy on {day}. What about {day1}? / [{day1} is good|I will think about it].
            Please move my meeting from {day} to {day1}. / Done. It is on {day1} now.
            How many {unit} are in {unit1}? / There are {unit2} {unit} in {unit1}.
            What is the capital of {land}? / The capital of {land} is {land1}.
            I am going to {land}. / [How nice|Wonderful]! Will you see {land1}? / [Yes, for a week|I hope so|Only for a day].
            In which country is {land1}? / {land1} is in {land}.
            How do you say {word} in Spanish? / It is {word1}.
            What does {word1} mean? / It is Spanish for {word}.
            Which bus goes to the {bus1}? / Take bus number {bus}. / How often does it run? / Every [ten|fifteen|twenty] minutes.
            Does bus {bus} go to the {bus1}? / Yes, the {bus1} is the last stop.
            I missed bus {bus}. / The next one comes in [five|ten|twelve] minutes.
            Two tickets to the {bus1}, please. / That is [six|eight|nine] euros. Single or return? / [Return|Single], please.
            Is this seat free? / Yes, [please sit down|it is free|go ahead].
            I cannot find my {lost}. / Did you look {lost1}? / There they are! / [You see|Very good]!
            Where are my {lost}? / Maybe {lost1}. You often leave things there.
            My {pet} {pet1} all day. / Maybe your {pet} wants {pet2}.
            What does a {pet} need? / Food, water, love and {pet2}.
            Should I get a {pet}? / If you have time for it. A {pet} needs {pet2}.
            The {thing} is broken. / Is it the {thing1}? / Yes, I think so. / You can [buy a new one|fix that yourself].
            Can you repair my {thing}? / [Let me see|Show me]. It is only the {thing1}. / How long will it take? / \
            [Ten minutes|One hour|Until {day}].
            How much is the {thing}? / It costs [ten|twenty|thirty|fifty] euros. / [That is fine|I will take it]. / \
            [Shall I wrap it?|Very good.]
            Do you have this {thing} in [blue|red|green|white]? / [Yes, here it is|Sorry, only in black|It comes on {day}].
            I want to return this {thing}. / Do you have the receipt? / [Yes, here it is|No, I lost it]. / \
            [Thank you|That is all right].
            Tell me a joke. / Why did the [clock|calendar] go to school? It wanted to know [its numbers|what day it was].
            Can you sing? / [Not very well|Only a little]. But I can [hum|clap|whistle] along.
            Are you a person? / No, I am a [small program|tiny model]. But I like to [talk|help].
            What can you do? / I can [talk about small things|answer easy questions|tell you the way]. / \
            [Good|That is enough for me].
            I am [bored|a bit bored]. / [Read a book|Go for a walk|Call a friend|Draw a {pet}]. That often helps.
            I am [sad|a little sad] today. / I am sorry. [Do you want to talk?|A cup of tea may help.]
            I am tired. / Then [rest a little|go to bed early|take a short nap]. [Good night|You worked a lot]!
            I am hungry. / There is [bread and cheese|soup on the stove|an apple on the table].
            I am thirsty. / Would you like [water|tea|juice|milk]? / [Yes|Oh yes], please. / [Here you are|It is on the table].
            It is my birthday [today|on {day}]. / [Happy birthday|Congratulations]! [How old are you|Is there cake]?
            Could you wake me at [six|seven|eight]? / [Sure|Of course]. Sleep well, I will wake you.
            What time is it? / It is [ten past two|half past six|a quarter to nine|nearly noon].
            A table for [two|three|four], please. / Inside or outside? / [Inside|Outside], please. / \
            [Please follow me|Come with me].
            Can I have the bill? / [Of course|One moment]. Cash or card? / [Card|Cash], please.
            A [coffee|tea|hot chocolate], please. / With [milk|sugar|honey]? / [Yes, please|No, thank you]. / Here you are.
            Hello, this is {name}. Is the {thing} ready? / Hello, {name}. Yes, you can pick it up [today|on {day}].
            Can I speak to {name}? / {name} is not here [today|right now]. [Can I take a message?|Please call on {day}.]
            Do you have a room for [one night|two nights]? / Yes, with a view of the [sea|park|harbor|garden]. / \
            I will take it. / [Very good|Here is your key].
            My head hurts. / [Drink some water|Open a window|Lie down for a while]. If it stays, see a doctor.
            I cut my finger. / Wash it with clean water. [Then put a plaster on it|There are plasters in the kitchen].
            Can you keep a secret? / [I can|Yes]. What is it? / I [broke the {thing}|ate the {dish}]. / \
            [I will tell nobody|Oh dear].
            Do you like music? / I do. [What do you play|Do you sing]? / I play the [piano|drums|violin|flute]. / \
            [How nice|Play me a song]!
            What should I read? / [A story about a {pet}|A book about {land}|A cookbook]. The library opens at ten.
            """.split("\n");

    private Collection<String> dialogues() {
        Set<String> blocks = new LinkedHashSet<>();
        for (String template : TEMPLATES) {
            Set<String> variants = new LinkedHashSet<>();
            for (int i = 0; i < 60 && variants.size() < 7; i++) {
                String block = dialogue(template);
                if (block.length() <= 199) {
                    variants.add(block);
                }
            }
            blocks.addAll(variants);
        }
        List<String> shuffled = new ArrayList<>(blocks);
        Collections.shuffle(shuffled, random);
        return shuffled;
    }

    private String dialogue(String template) {
        String text = template;
        for (Map.Entry<String, List<String[]>> list : LISTS.entrySet()) {
            String[] row = any(list.getValue());
            for (int column = 0; column < row.length; column++) {
                text = text.replace("{" + list.getKey() + (column == 0 ? "" : column) + "}", row[column]);
            }
        }
        for (int open = text.indexOf('['); open >= 0; open = text.indexOf('[')) {
            int close = text.indexOf(']', open);
            text = text.substring(0, open) + any(text.substring(open + 1, close).split("\\|", -1)) + text.substring(close + 1);
        }
        String[] turns = text.split(" / ");
        StringBuilder block = new StringBuilder();
        for (int i = 0; i < turns.length; i++) {
            block.append(i == 0 ? "" : "\n").append(i % 2 == 0 ? "user: " : "bot: ").append(turns[i].trim());
        }
        return block.toString();
    }

    // ---- small things ----

    private static Set<String> distinct(int count, Supplier<String> maker) {
        Set<String> documents = new LinkedHashSet<>();
        while (documents.size() < count) {
            documents.add(maker.get());
        }
        return documents;
    }

    private static void write(Path file, String separator, Collection<String> documents) throws IOException {
        Files.writeString(file, String.join(separator, documents) + "\n", StandardCharsets.US_ASCII);
        System.out.println(file + ": " + documents.size() + " documents");
    }

    private static List<String> words(String text) {
        return List.of(text.trim().split("\\s+"));
    }

    /** A row a line, columns parted by a semicolon. */
    private static List<String[]> table(String text) {
        return Arrays.stream(text.trim().split("\n")).map(row -> row.trim().split("\\s*;\\s*")).toList();
    }

    /** Lines of "name = row; row", columns parted by a comma. */
    private static Map<String, List<String[]>> lists(String text) {
        Map<String, List<String[]>> lists = new LinkedHashMap<>();
        for (String line : text.trim().split("\n")) {
            String[] list = line.split(" = ");
            lists.put(list[0], Arrays.stream(list[1].split("; *")).map(row -> row.split(",")).toList());
        }
        return lists;
    }

    private String maybeCapital(String word) {
        return random.nextBoolean() ? word : capital(word);
    }

    private static String capital(String word) {
        return Character.toUpperCase(word.charAt(0)) + word.substring(1);
    }

    private char oneOf(String characters) {
        return characters.charAt(random.nextInt(characters.length()));
    }

    @SafeVarargs
    private <T> T any(T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
