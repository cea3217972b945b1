package io.microgpt.cli;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderClasspath;
import com.typesafe.config.ConfigIncluderFile;
import com.typesafe.config.ConfigIncluderURL;
import com.typesafe.config.ConfigObject;
import java.io.File;
import java.net.URL;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Makes each {@code include} a problem. A text may come from a file system that HOCON cannot read, and what HOCON cannot
 * find it leaves out silently.
 *
 * @param text of the configuration
 * @param name of its file, for messages
 * @param problems takes what is found
 */
record IncludeRefusal(String text, String name, List<String> problems)
        implements ConfigIncluder, ConfigIncluderFile, ConfigIncluderURL, ConfigIncluderClasspath {
    @Override
    public ConfigIncluder withFallback(ConfigIncluder fallback) {
        return this;
    }

    @Override
    public ConfigObject include(ConfigIncludeContext context, String what) {
        problems.add("include of `" + what + "` in " + Settings.Builder.place(name, line(what))
                + " is not supported; copy what it includes to here");
        return ConfigFactory.empty().root();
    }

    @Override
    public ConfigObject includeFile(ConfigIncludeContext context, File what) {
        return include(context, what.getPath());
    }

    @Override
    public ConfigObject includeURL(ConfigIncludeContext context, URL what) {
        return include(context, what.toString());
    }

    @Override
    public ConfigObject includeResources(ConfigIncludeContext context, String what) {
        return include(context, what);
    }

    /** The parser does not tell an includer the line: {@return that of the first statement that fits, or 0} */
    private int line(String what) {
        Pattern statement = Pattern.compile("^(?!\\s*(#|//)).*\\binclude\\b.*" + Pattern.quote('"' + what + '"'));
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            if (statement.matcher(lines.get(i)).find()) {
                return i + 1;
            }
        }
        return 0;
    }
}
