import { createTheme, defaultVariantColorsResolver, type CSSVariablesResolver, type MantineColorsTuple, type VariantColorsResolver } from "@mantine/core";

/** Mantine draws the accent from ten shades; the tokens pick one of them per theme. */
const amber: MantineColorsTuple = [
  "#fdf6e8", "#fbe9c8", "#f7d594", "#f3bf5c", "#f0ac30", "#f5a524", "#d97706", "#b45309", "#92400e", "#78350f",
];

/** Filled buttons have the token's colours: Mantine picks their text for the light theme, and its red is not ours. */
const colorsOf: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  if (input.variant !== "filled") return colors;
  const color = input.color ?? input.theme.primaryColor;
  if (color === "amber") return { ...colors, color: "var(--accent-ink)" };
  if (color === "red") return { ...colors, background: "var(--bad)", hover: "color-mix(in srgb, var(--bad) 88%, var(--ink))", color: "var(--accent-ink)" };
  return colors;
};

export const theme = createTheme({
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--mono)",
  primaryColor: "amber",
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  variantColorResolver: colorsOf,
  colors: { amber },
  defaultRadius: "sm",
  fontSizes: { xs: "11px", sm: "12px", md: "13px", lg: "15px", xl: "22px" },
  spacing: { xs: "4px", sm: "8px", md: "12px", lg: "16px", xl: "24px" },
  headings: { fontWeight: "600" },
  components: {
    Button: { defaultProps: { size: "xs", variant: "default" } },
    ActionIcon: { defaultProps: { size: "md", variant: "subtle", color: "gray" } },
    TextInput: { defaultProps: { size: "xs", withAsterisk: false } },
    Textarea: { defaultProps: { size: "xs", withAsterisk: false } },
    PasswordInput: { defaultProps: { size: "xs", withAsterisk: false } },
    NumberInput: { defaultProps: { size: "xs", withAsterisk: false } },
    NativeSelect: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs", comboboxProps: { shadow: "md" } } },
    Autocomplete: { defaultProps: { size: "xs", withAsterisk: false, comboboxProps: { shadow: "md" } } },
    TagsInput: { defaultProps: { size: "xs", comboboxProps: { shadow: "md" } } },
    MultiSelect: { defaultProps: { size: "xs" } },
    SegmentedControl: { defaultProps: { size: "xs" } },
    Tabs: { defaultProps: { color: "amber" } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    Menu: { defaultProps: { shadow: "md", position: "bottom-end" } },
    Drawer: { styles: { title: { fontWeight: 600 } } },
    Modal: { defaultProps: { centered: true, padding: "lg", radius: "md", overlayProps: { backgroundOpacity: 0.35 } }, styles: { title: { fontWeight: 600 } } },
    InputWrapper: { vars: () => ({ label: {}, error: { "--input-error-size": "var(--t-xs)" }, description: { "--input-description-size": "var(--t-xs)" } }) },
  },
});

/** Mantine's own variables are drawn from the tokens, so that both look alike in either theme. */
export const variables: CSSVariablesResolver = () => {
  const shared = {
    "--mantine-color-body": "var(--bg)",
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--ink-3)",
    "--mantine-color-default": "var(--panel)",
    "--mantine-color-default-hover": "var(--raise)",
    "--mantine-color-default-color": "var(--ink)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-placeholder": "var(--ink-3)",
    "--mantine-color-disabled": "var(--raise)",
    "--mantine-color-disabled-color": "var(--ink-3)",
    "--mantine-color-disabled-border": "var(--line)",
    "--mantine-color-error": "var(--bad)",
    "--mantine-color-red-text": "var(--bad)",
    "--mantine-color-red-outline": "var(--bad)",
    "--mantine-color-red-light": "var(--bad-soft)",
    "--mantine-color-red-light-color": "var(--bad)",
    "--mantine-color-anchor": "var(--accent)",
  };
  return { variables: {}, light: shared, dark: shared };
};
