<?php
/**
 * What customers do in the shop.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Tells what customers look at and search for, that they log in, and what is in their cart.
 *
 * Where an event is switched off, nothing of it is loaded.
 */
class Wcflow_Events {

	const LONGEST = 200;

	/**
	 * Adds the hooks for the events that are switched on.
	 */
	public static function init() {
		if ( ! class_exists( 'WooCommerce' ) ) {
			return;
		}
		$on    = array_filter( Wcflow_Settings::events() );
		$views = array_intersect_key( $on, array_flip( array( 'product_viewed', 'category_viewed', 'search' ) ) );
		if ( ! $views && ! isset( $on['cart_updated'] ) && ! isset( $on['logged_in'] ) ) {
			return;
		}
		if ( isset( $on['logged_in'] ) ) {
			add_action( 'wp_login', array( __CLASS__, 'logged_in' ), 10, 2 );
		}
		if ( ( is_admin() && ! wp_doing_ajax() ) || wp_doing_cron() ) {
			return;
		}
		if ( isset( $on['search'] ) ) {
			// Before WooCommerce redirects from a search with one result to the product.
			add_action( 'template_redirect', array( __CLASS__, 'searched' ), 5 );
		}
		if ( isset( $on['product_viewed'] ) || isset( $on['category_viewed'] ) ) {
			// After all redirects.
			add_action( 'template_redirect', array( __CLASS__, 'viewed' ), 1000 );
		}
		if ( isset( $on['cart_updated'] ) ) {
			Wcflow_Cart::init();
		}
		if ( $views || isset( $on['cart_updated'] ) ) {
			self::watch_checkout();
		}
		if ( $views ) {
			add_filter( 'wp_speculation_rules_configuration', array( __CLASS__, 'without_prefetch' ) );
		}
	}

	/**
	 * Tells that somebody logged in.
	 *
	 * @param string  $login The log-in name.
	 * @param WP_User $user  The account.
	 */
	public static function logged_in( $login, $user = null ) {
		$visitor = $user instanceof WP_User ? Wcflow_Visitor::of_user( $user ) : null;
		if ( $visitor ) {
			$visitor->tell( 'logged_in', array() );
		}
	}

	/**
	 * Tells what was searched for, and how much was found.
	 */
	public static function searched() {
		if ( ! is_search() || ! self::is_view() ) {
			return;
		}
		$words   = self::plain( get_search_query( false ) );
		$visitor = '' === $words ? null : Wcflow_Visitor::current();
		if ( $visitor ) {
			$results = (int) $GLOBALS['wp_query']->found_posts;
			$visitor->tell_view( 'search', $words, compact( 'words', 'results' ) );
		}
	}

	/**
	 * Tells which product or category is looked at.
	 */
	public static function viewed() {
		$on = Wcflow_Settings::events();
		if ( is_singular( 'product' ) ) {
			if ( ! empty( $on['product_viewed'] ) && self::is_view() ) {
				self::product_viewed( get_queried_object_id() );
			}
		} elseif ( is_tax( 'product_cat' ) && ! empty( $on['category_viewed'] ) && self::is_view() ) {
			self::category_viewed( get_queried_object() );
		}
	}

	/**
	 * Tells that a product is looked at.
	 *
	 * @param int $product_id The product.
	 */
	private static function product_viewed( $product_id ) {
		$visitor = Wcflow_Visitor::current();
		if ( $visitor && 'publish' === get_post_status( $product_id ) ) {
			$name = self::plain( get_post_field( 'post_title', $product_id, 'raw' ) );
			$visitor->tell_view( 'product_viewed', $product_id, compact( 'product_id', 'name' ) );
		}
	}

	/**
	 * Tells that a category is looked at.
	 *
	 * @param WP_Term|null $term The category.
	 */
	private static function category_viewed( $term ) {
		$visitor = $term instanceof WP_Term ? Wcflow_Visitor::current() : null;
		if ( $visitor ) {
			$visitor->tell_view( 'category_viewed', $term->term_id, array( 'category' => self::plain( $term->name ) ) );
		}
	}

	/**
	 * Remembers the e-mail address of guests at the checkout.
	 */
	private static function watch_checkout() {
		add_action( 'woocommerce_checkout_update_order_review', array( __CLASS__, 'checkout_changed' ) );
		add_action( 'woocommerce_after_checkout_validation', array( __CLASS__, 'checkout_sent' ) );
		add_action( 'woocommerce_store_api_cart_update_customer_from_request', array( __CLASS__, 'customer_changed' ) );
		add_action( 'woocommerce_store_api_checkout_update_customer_from_request', array( __CLASS__, 'customer_changed' ) );
		add_action( 'wp_enqueue_scripts', array( __CLASS__, 'send_email_when_typed' ), 20 );
	}

	/**
	 * Takes the address from the classic checkout while its fields change.
	 *
	 * @param string $form The form's fields.
	 */
	public static function checkout_changed( $form ) {
		$fields = array();
		wp_parse_str( is_string( $form ) ? $form : '', $fields );
		Wcflow_Visitor::remember( isset( $fields['billing_email'] ) ? $fields['billing_email'] : '' );
	}

	/**
	 * Takes the address from the classic checkout when it is sent.
	 *
	 * @param array $fields The form's fields.
	 */
	public static function checkout_sent( $fields ) {
		Wcflow_Visitor::remember( isset( $fields['billing_email'] ) ? $fields['billing_email'] : '' );
	}

	/**
	 * Takes the address from the block checkout.
	 *
	 * @param WC_Customer $customer The guest.
	 */
	public static function customer_changed( $customer ) {
		Wcflow_Visitor::remember( $customer->get_billing_email() );
	}

	/**
	 * Lets the classic checkout send the address when a guest leaves its field: it does so for other fields.
	 */
	public static function send_email_when_typed() {
		if ( is_checkout() && ! is_user_logged_in() ) {
			wp_add_inline_script(
				'wc-checkout',
				"jQuery(document.body).on('change','#billing_email',function(){jQuery(document.body).trigger('update_checkout');});"
			);
		}
	}

	/**
	 * Lets WordPress not prefetch pages for a guest who is known, as it does not for those who are logged in.
	 *
	 * A page that was prefetched is shown without a further request.
	 *
	 * @param mixed $configuration What WordPress wants.
	 * @return mixed
	 */
	public static function without_prefetch( $configuration ) {
		return null === $configuration || Wcflow_Visitor::current() ? null : $configuration;
	}

	/**
	 * Returns whether this request shows the first page of something to a person.
	 *
	 * @return bool
	 */
	private static function is_view() {
		// phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- Only compared.
		$is_get = isset( $_SERVER['REQUEST_METHOD'] ) && 'GET' === $_SERVER['REQUEST_METHOD'];
		return $is_get && ! is_paged() && ! is_404() && ! is_preview() && ! is_feed() && ! is_embed() && ! is_robots()
			&& ! is_trackback() && ! is_customize_preview() && ! wp_doing_ajax() && ! Wcflow_Visitor::is_prefetch();
	}

	/**
	 * Returns a name as people read it, without HTML and not too long.
	 *
	 * @param string $name The name.
	 * @return string
	 */
	public static function plain( $name ) {
		$text = wp_strip_all_tags( wp_check_invalid_utf8( (string) $name, true ), true );
		return trim( mb_substr( html_entity_decode( $text, ENT_QUOTES | ENT_HTML5, 'UTF-8' ), 0, self::LONGEST, 'UTF-8' ) );
	}
}
