<?php
/**
 * The wcflow screens of the dashboard: menu, tabs, assets.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Starts everything that the dashboard shows.
 */
class Wcflow_Admin {

	const READ = 'edit_shop_orders';
	const EDIT = 'wcflow_edit';

	/**
	 * The table of customers, made before the screen is printed.
	 *
	 * @var Wcflow_Customers_Table|null
	 */
	private static $table;

	/**
	 * Hook up the screens. Called in the dashboard only.
	 */
	public static function init() {
		if ( ! class_exists( 'WooCommerce' ) ) {
			return;
		}
		foreach ( array( 'Wcflow_Requests', 'Wcflow_Panel', 'Wcflow_Users_List', 'Wcflow_Orders_List', 'Wcflow_Export', 'Wcflow_Options_Page' ) as $class ) {
			$class::init();
		}
		add_action( 'admin_menu', array( __CLASS__, 'menu' ), 60 );
		add_action( 'admin_enqueue_scripts', array( __CLASS__, 'assets' ) );
		add_filter( 'set_screen_option_wcflow_per_page', array( __CLASS__, 'save_per_page' ), 10, 3 );
		add_filter( 'woocommerce_screen_ids', array( __CLASS__, 'screen_ids' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( WCFLOW_COMPANION_FILE ), array( __CLASS__, 'plugin_links' ) );
	}

	/**
	 * Return whether the current user may change anything here.
	 *
	 * @return bool
	 */
	public static function may_edit() {
		return current_user_can( self::EDIT );
	}

	/**
	 * Return the summary that the daemon sent last.
	 *
	 * @return array
	 */
	public static function summary() {
		$summary = Wcflow_Settings::summary();
		return is_array( $summary ) ? $summary : array();
	}

	/**
	 * Return the names of one kind that the daemon knows: tags, groups, companies, segments.
	 *
	 * @param string $kind Kind.
	 * @return string[]
	 */
	public static function vocabulary( $kind ) {
		return Wcflow_Settings::vocabulary( $kind );
	}

	/**
	 * Add WooCommerce → wcflow.
	 */
	public static function menu() {
		$title  = __( 'wcflow', 'wcflow-companion' );
		$number = self::attention();
		/* translators: %s: number of things: changes on hold, and tasks that are due */
		$words  = sprintf( _n( '%s needs attention', '%s need attention', $number, 'wcflow-companion' ), number_format_i18n( $number ) );
		$bubble = $number ? ' <span class="awaiting-mod"><span aria-hidden="true">' . esc_html( number_format_i18n( $number ) ) . '</span><span class="screen-reader-text">' . esc_html( $words ) . '</span></span>' : '';
		$hook   = add_submenu_page( 'woocommerce', $title, $title . $bubble, self::READ, 'wcflow', array( __CLASS__, 'page' ) );
		add_action( 'load-' . $hook, array( __CLASS__, 'load' ) );
	}

	/**
	 * Return how many things wait for a person: held work, and tasks that are due.
	 *
	 * @return int
	 */
	private static function attention() {
		$summary = self::summary();
		return ( empty( $summary['held'] ) ? 0 : 1 ) + count( Wcflow_Tasks_Page::due( Wcflow_Card::list_of( $summary, 'tasks' ) ) );
	}

	/**
	 * Prepare the tab that is shown, before anything is printed.
	 */
	public static function load() {
		if ( 'customers' !== self::tab() ) {
			return;
		}
		add_screen_option(
			'per_page',
			array(
				'label'   => __( 'Customers per page', 'wcflow-companion' ),
				'default' => 20,
				'option'  => 'wcflow_per_page',
			)
		);
		self::$table = new Wcflow_Customers_Table();
		Wcflow_Customers_Bulk::handle( self::$table->current_action() );
		if ( ! Wcflow_Select_All::asks() ) {
			self::$table->prepare_items();
		}
	}

	/**
	 * Return the tab that is shown.
	 *
	 * @return string
	 */
	public static function tab() {
		$tab = isset( $_GET['tab'] ) ? sanitize_key( wp_unslash( $_GET['tab'] ) ) : 'customers'; // phpcs:ignore WordPress.Security.NonceVerification.Recommended
		return in_array( $tab, array( 'customers', 'customer', 'overview', 'tasks', 'settings' ), true ) ? $tab : 'customers';
	}

	/**
	 * Print the screen.
	 */
	public static function page() {
		$tab = self::tab();
		echo '<div class="wrap wcflow-wrap">';
		if ( 'customer' === $tab ) {
			Wcflow_Customer_Page::render();
			echo '</div>';
			return;
		}
		echo '<h1 class="wp-heading-inline">' . esc_html__( 'wcflow', 'wcflow-companion' ) . '</h1><hr class="wp-header-end">';
		self::tabs( $tab );
		if ( ! self::$table ) {
			Wcflow_Requests::notices(); // The list of customers prints them itself.
		}
		if ( 'overview' === $tab ) {
			Wcflow_Overview_Page::render();
		} elseif ( 'tasks' === $tab ) {
			Wcflow_Tasks_Page::render();
		} elseif ( 'settings' === $tab && self::has_settings() ) {
			Wcflow_Options_Page::render();
		} elseif ( Wcflow_Select_All::asks() ) {
			Wcflow_Select_All::render();
		} elseif ( self::$table ) {
			self::$table->render();
		}
		echo '</div>';
	}

	/**
	 * Return whether the current user may see the settings.
	 *
	 * @return bool
	 */
	private static function has_settings() {
		return current_user_can( 'manage_woocommerce' );
	}

	/**
	 * Print the tabs.
	 *
	 * @param string $current Tab that is shown.
	 */
	private static function tabs( $current ) {
		$tabs = array(
			'customers' => __( 'Customers', 'wcflow-companion' ),
			'overview'  => __( 'Overview', 'wcflow-companion' ),
			'tasks'     => __( 'Tasks', 'wcflow-companion' ),
		);
		if ( self::has_settings() ) {
			$tabs['settings'] = __( 'Settings', 'wcflow-companion' );
		}
		echo '<nav class="nav-tab-wrapper" aria-label="' . esc_attr__( 'wcflow', 'wcflow-companion' ) . '">';
		foreach ( $tabs as $tab => $words ) {
			$active = $tab === $current;
			echo '<a class="nav-tab' . ( $active ? ' nav-tab-active' : '' ) . '" href="' . esc_url( Wcflow_Html::url( $tab ) ) . '"' . ( $active ? ' aria-current="page"' : '' ) . '>' . esc_html( $words ) . '</a>';
		}
		echo '</nav>';
	}

	/**
	 * Load the style and the script where the plugin shows something.
	 */
	public static function assets() {
		$screen = get_current_screen();
		$ids    = array( 'woocommerce_page_wcflow', 'users', 'user-edit', 'profile', 'edit-shop_order', 'shop_order' );
		$ids[]  = function_exists( 'wc_get_page_screen_id' ) ? wc_get_page_screen_id( 'shop-order' ) : '';
		if ( ! $screen || ! in_array( $screen->id, $ids, true ) ) {
			return;
		}
		wp_enqueue_style( 'wcflow-admin', plugins_url( 'assets/admin.css', WCFLOW_COMPANION_FILE ), array( 'dashicons' ), WCFLOW_COMPANION_VERSION );
		wp_style_add_data( 'wcflow-admin', 'rtl', false );
		wp_enqueue_script( 'wcflow-admin', plugins_url( 'assets/admin.js', WCFLOW_COMPANION_FILE ), array( 'wp-a11y' ), WCFLOW_COMPANION_VERSION, true );
		wp_localize_script(
			'wcflow-admin',
			'wcflowAdmin',
			array(
				'ajax'   => admin_url( 'admin-ajax.php' ),
				'failed' => __( 'This could not be saved. Reload the page and try again.', 'wcflow-companion' ),
			)
		);
	}

	/**
	 * Save how many customers a page shows.
	 *
	 * @param mixed  $keep   Value so far.
	 * @param string $option Name of the option.
	 * @param int    $value  Value that the user chose.
	 * @return int
	 */
	public static function save_per_page( $keep, $option, $value ) {
		return max( 1, min( 200, (int) $value ) );
	}

	/**
	 * Let WooCommerce treat the screen as one of its own.
	 *
	 * @param string[] $ids Screen ids.
	 * @return string[]
	 */
	public static function screen_ids( $ids ) {
		$ids[] = 'woocommerce_page_wcflow';
		return $ids;
	}

	/**
	 * Link the screen in the list of plugins.
	 *
	 * @param string[] $links Links.
	 * @return string[]
	 */
	public static function plugin_links( $links ) {
		array_unshift( $links, '<a href="' . esc_url( Wcflow_Html::url( 'overview' ) ) . '">' . esc_html__( 'Overview', 'wcflow-companion' ) . '</a>' );
		return $links;
	}
}
